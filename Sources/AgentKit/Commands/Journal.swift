import ContractRuntime
import Dispatch
import Generated
import Synchronization

/// A journal file that is damaged. The agent does not start, because it could execute a command twice.
public struct JournalFailure: Error, CustomStringConvertible {
    /// The file, the line and the error.
    public let description: String
}

/// The durable state of an agent: started commands, their acknowledgements, and whether the bot may trade.
///
/// The journal is an append-only file of JSON lines. Each line is on the disk before the event it describes happens:
///
///     {"record":"begin","command":{…}}              the command may have an effect from now on
///     {"record":"end","acknowledgement":{…}}        the outcome, sent now and after each repeated delivery
///     {"record":"sent","command_id":"…"}            the control plane has the acknowledgement
///     {"record":"standing","mode":"SAFE_MODE","dead_man":true,"acted":false}
///     {"record":"sequences","key_id":"…","protective":1,"other":2}     the highest sequence numbers, if commands are signed
///
/// The Python SDK writes the same format. Each start rewrites the file without expired commands. Writes run on a dispatch queue and
/// suspend the caller, so that a slow disk blocks no thread of the pool and delays no heartbeat.
final class Journal: Sendable {
    /// A command and its progress.
    struct Entry {
        let command: AgentCommand
        /// The outcome; nil while the command runs.
        var acknowledgement: Acknowledgement?
        var isSent = false
    }

    fileprivate struct State {
        var entries: [UUID: Entry] = [:]
        /// The IDs of commands in the order in which they started.
        var order: [UUID] = []
        var standing = SafetySwitch.Standing()
        /// The highest sequence numbers of the commands that started.
        var floors = SequenceFloors()
    }

    /// The open file. After `init`, only the queue uses it.
    private struct Writer {
        var file: AppendFile
        var linesUntilCompaction = Journal.compactionInterval
    }

    /// How long an entry is kept after its command has expired, in seconds. A repeated delivery within this time is recognized.
    fileprivate static let retention: Int64 = 24 * 3600
    /// How many lines are appended before the file is rewritten.
    fileprivate static let compactionInterval = 10_000

    private let path: String
    private let lock: FileLock
    private let clock: AgentClock
    private let queue = DispatchQueue(label: "flotilla.journal")
    private let writer: Mutex<Writer>
    private let state: Mutex<State>

    /// Opens the journal in `directory` and locks it against other agents.
    init(in directory: String, clock: AgentClock) throws {
        try Files.makeDirectory(directory)
        path = directory + "/journal.jsonl"
        self.clock = clock
        lock = try FileLock(directory + "/lock")
        var state = State()
        try Self.replay(try Files.read(path) ?? [], path: path, into: &state)
        try Files.replace(path, with: state.compacted(at: clock.wall()))
        self.state = Mutex(state)
        writer = Mutex(Writer(file: try AppendFile(path)))
    }

    /// Releases the lock, so that another agent can open the journal. Write nothing after this call.
    func close() { lock.release() }

    // MARK: - Reading

    /// The entry of a command; nil if the command is new.
    func entry(_ id: UUID) -> Entry? { state.withLock { $0.entries[id] } }

    /// The last saved safety state.
    var standing: SafetySwitch.Standing { state.withLock(\.standing) }

    /// The highest sequence numbers of the commands that started.
    var floors: SequenceFloors { state.withLock(\.floors) }

    /// The acknowledgements that were not sent yet, in the order of their commands.
    var unsent: [Acknowledgement] {
        state.withLock { state in
            state.order.compactMap { id in state.entries[id].flatMap { $0.isSent ? nil : $0.acknowledgement } }
        }
    }

    /// The commands that started and have no outcome yet.
    var unfinished: [AgentCommand] {
        state.withLock { state in
            state.order.compactMap { id in
                state.entries[id].flatMap { $0.acknowledgement == nil ? $0.command : nil }
            }
        }
    }

    // MARK: - Writing

    /// Records the start of a command. Run the handler only after this returns.
    func begin(_ command: AgentCommand) async throws {
        let line = JSONObject { json in
            json.member("record", "begin")
            json.member("command", CommandRecord(command))
        }
        try await write { _ in Change(line.bytes) { $0.add(Entry(command: command)) } }
    }

    /// Records the outcome of a command. It never changes afterwards.
    func end(_ command: AgentCommand, _ acknowledgement: Acknowledgement) async throws {
        let isNew = entry(command.commandID) == nil
        let line = JSONObject { json in
            json.member("record", "end")
            if isNew { json.member("command", CommandRecord(command)) }
            json.member("acknowledgement", acknowledgement)
        }
        try await write { _ in
            Change(line.bytes) { state in
                if isNew { state.add(Entry(command: command)) }
                state.entries[command.commandID]?.acknowledgement = acknowledgement
            }
        }
    }

    /// Records that the control plane has the acknowledgement. It does not wait for the disk: if the line is lost, the acknowledgement is
    /// only sent again.
    func sent(_ id: UUID) async throws {
        guard entry(id)?.acknowledgement != nil else { return }
        let line = JSONObject { json in
            json.member("record", "sent")
            json.member("command_id", id)
        }
        try await write(isDurable: false) { _ in Change(line.bytes) { $0.entries[id]?.isSent = true } }
    }

    /// Marks an acknowledgement to be sent again, because its command was delivered again.
    func repeatAcknowledgement(_ id: UUID) { state.withLock { $0.entries[id]?.isSent = false } }

    /// Saves the safety state. `current` is called just before the write, so that concurrent calls always end with the newest state.
    func save(_ current: @escaping @Sendable () -> SafetySwitch.Standing) async throws {
        try await write { state in
            let standing = current()
            guard standing != state.standing else { return nil }
            return Change(StandingRecord.line(standing)) { $0.standing = standing }
        }
    }

    /// A line, and the change to the state once the line is written.
    private struct Change: Sendable {
        let line: [UInt8]
        let apply: @Sendable (inout State) -> Void

        init(_ line: [UInt8], _ apply: @escaping @Sendable (inout State) -> Void) {
            self.line = line
            self.apply = apply
        }
    }

    /// - Parameter change: Returns the line to write, or nil to write nothing. It is called after all earlier writes.
    private func write(
        isDurable: Bool = true,
        _ change: @escaping @Sendable (State) -> Change?
    ) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { [self] in
                continuation.resume(
                    with: Result {
                        guard let change = change(state.withLock { $0 }) else { return }
                        try append(change.line, isDurable: isDurable)
                        state.withLock { change.apply(&$0) }
                    }
                )
            }
        }
    }

    private func append(_ line: [UInt8], isDurable: Bool) throws {
        try writer.withLock { writer in
            if writer.linesUntilCompaction <= 0 {
                try Files.replace(path, with: state.withLock { $0.compacted(at: clock.wall()) })
                writer = Writer(file: try AppendFile(path))
            }
            writer.linesUntilCompaction -= 1
            do {
                try writer.file.append(line + [UInt8(ascii: "\n")])
                if isDurable { try writer.file.synchronize() }
            } catch {
                // The line may be incomplete, so the next write must start a new file.
                writer.linesUntilCompaction = 0
                throw error
            }
        }
    }

    // MARK: - The file

    private static func replay(_ bytes: [UInt8], path: String, into state: inout State) throws {
        // An incomplete last line was being written when the process stopped, so the event it describes has not happened.
        for (number, line) in completeLines(of: bytes).enumerated() {
            do {
                try apply(try JSONValue(json: Array(line)), to: &state)
            } catch {
                throw JournalFailure(
                    description: "\(path):\(number + 1): this line is not a journal record: \(error)"
                )
            }
        }
    }

    private struct UnknownRecord: Error {}

    private static func apply(_ record: JSONValue, to state: inout State) throws {
        if let json = record["command"] {
            var command = try AgentCommand(json)
            if case .object(let members)? = json["sequences"] {
                for member in members {
                    guard let sequence = member.value.integer else { throw UnknownRecord() }
                    command.sequences[member.name] = sequence
                }
            }
            state.add(Entry(command: command))
        }
        switch record["record"]?.text {
        case "begin": break
        case "end":
            guard let json = record["acknowledgement"] else { throw UnknownRecord() }
            let acknowledgement = try Acknowledgement(json: JSONWriter.write(json))
            state.entries[acknowledgement.commandID]?.acknowledgement = acknowledgement
        case "sent":
            guard let id = record["command_id"]?.text.flatMap({ UUID(json: $0) }) else { throw UnknownRecord() }
            state.entries[id]?.isSent = true
        case "standing":
            guard let standing = StandingRecord.standing(record) else { throw UnknownRecord() }
            state.standing = standing
        case "sequences":
            guard let keyID = record["key_id"]?.text, let protective = record["protective"]?.integer,
                let other = record["other"]?.integer
            else { throw UnknownRecord() }
            state.floors.raise(keyID, to: SequenceFloors.Floor(protective: protective, other: other))
        default: throw UnknownRecord()
        }
    }
}

extension Journal.State {
    fileprivate mutating func add(_ entry: Journal.Entry) {
        floors.raise(for: entry.command)
        if entries.updateValue(entry, forKey: entry.command.commandID) == nil { order.append(entry.command.commandID) }
    }

    /// Removes expired commands, and returns the file content for the rest.
    fileprivate mutating func compacted(at now: Timestamp) -> [UInt8] {
        entries = entries.filter { !$0.value.isExpired(at: now) }
        order.removeAll { entries[$0] == nil }
        let lines =
            [StandingRecord.line(standing)] + floors.lines + order.compactMap { entries[$0] }.flatMap(\.lines)
        return lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    }
}

extension Journal.Entry {
    /// Whether the entry is no longer needed: it was sent, and a repeated delivery is no longer expected.
    fileprivate func isExpired(at now: Timestamp) -> Bool {
        isSent && command.expiresAt.adding(seconds: Journal.retention) < now
    }

    fileprivate var lines: [[UInt8]] {
        var lines: [[UInt8]] = []
        if let acknowledgement {
            let end = JSONObject { json in
                json.member("record", "end")
                json.member("command", CommandRecord(command))
                json.member("acknowledgement", acknowledgement)
            }
            lines.append(end.bytes)
        } else {
            let begin = JSONObject { json in
                json.member("record", "begin")
                json.member("command", CommandRecord(command))
            }
            lines.append(begin.bytes)
        }
        if isSent {
            let sent = JSONObject { json in
                json.member("record", "sent")
                json.member("command_id", command.commandID)
            }
            lines.append(sent.bytes)
        }
        return lines
    }
}

extension SequenceFloors {
    fileprivate var lines: [[UInt8]] {
        floors.sorted { $0.key < $1.key }.map { keyID, floor in
            JSONObject { json in
                json.member("record", "sequences")
                json.member("key_id", keyID)
                json.member("protective", floor.protective)
                json.member("other", floor.other)
            }.bytes
        }
    }
}

private struct CommandRecord: JSONWritable {
    let command: AgentCommand

    init(_ command: AgentCommand) {
        self.command = command
    }

    func write(to json: inout JSONWriter) { command.write(to: &json) }
}

private enum StandingRecord {
    static func line(_ standing: SafetySwitch.Standing) -> [UInt8] {
        JSONObject { json in
            json.member("record", "standing")
            json.member("mode", standing.mode.rawValue)
            json.member("dead_man", standing.isDeadMan)
            json.member("acted", standing.hasActed)
        }.bytes
    }

    static func standing(_ record: JSONValue) -> SafetySwitch.Standing? {
        guard let mode = record["mode"]?.text.flatMap(AgentState.init(rawValue:)),
            case .boolean(let isDeadMan)? = record["dead_man"], case .boolean(let hasActed)? = record["acted"]
        else { return nil }
        return SafetySwitch.Standing(mode: mode, isDeadMan: isDeadMan, hasActed: hasActed)
    }
}
