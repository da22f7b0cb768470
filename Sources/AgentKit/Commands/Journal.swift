import ContractRuntime
import Dispatch
import Generated
import Synchronization

/// A journal that cannot be read.
public struct JournalFailure: Error, CustomStringConvertible {
    /// Which file and line, and what is wrong.
    public let description: String
}

/// What an agent must not forget: the commands that it has begun, what it said of them, and whether it may trade.
///
/// A file of JSON lines that only grows, each on the disk before what it announces happens:
///
///     {"record":"begin","command":{…}}              a command's effect may happen from now on
///     {"record":"end","acknowledgement":{…}}        what is said of it, now and whenever it is asked for again
///     {"record":"sent","command_id":"…"}            the control plane knows
///     {"record":"standing","mode":"SAFE_MODE","dead_man":true,"acted":false}
///
/// The SDK in Python writes the same lines. At each start the file is written anew without what is over. Whoever writes waits for the disk,
/// but no thread of the pool does: a slow disk must delay no heartbeat.
final class Journal: Sendable {
    /// What is known of a command.
    struct Entry {
        let command: AgentCommand
        /// Nil while it is carried out.
        var acknowledgement: Acknowledgement?
        var isSent = false
    }

    fileprivate struct State {
        var entries: [UUID: Entry] = [:]
        /// The order in which commands were begun.
        var order: [UUID] = []
        var standing = SafetySwitch.Standing()
    }

    /// The file, which only the queue touches once the journal is open.
    private struct Writer {
        var file: AppendFile
        var linesUntilCompaction = Journal.longest
    }

    /// How long an entry is kept once its command has expired: as long as anybody might deliver it again.
    fileprivate static let keeping: Int64 = 24 * 3600
    /// How many lines are appended before the file is written anew.
    fileprivate static let longest = 10_000

    private let path: String
    private let lock: FileLock
    private let clock: AgentClock
    private let queue = DispatchQueue(label: "flotilla.journal")
    private let writer: Mutex<Writer>
    private let state: Mutex<State>

    /// Opens the journal in `directory`, which no other process may use at the same time.
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

    /// Lets another process, or another agent of this one, open the journal. Nothing is written afterwards.
    func close() { lock.release() }

    // MARK: - Reading

    /// What is known of a command; nil when it is new.
    func entry(_ id: UUID) -> Entry? { state.withLock { $0.entries[id] } }

    /// Whether the agent may trade.
    var standing: SafetySwitch.Standing { state.withLock(\.standing) }

    /// The acknowledgements that the control plane does not know of, in the order of their commands.
    var unsent: [Acknowledgement] {
        state.withLock { state in
            state.order.compactMap { id in state.entries[id].flatMap { $0.isSent ? nil : $0.acknowledgement } }
        }
    }

    /// The commands that were begun and of which nothing else is known.
    var unfinished: [AgentCommand] {
        state.withLock { state in
            state.order.compactMap { id in
                state.entries[id].flatMap { $0.acknowledgement == nil ? $0.command : nil }
            }
        }
    }

    // MARK: - Writing

    /// The command's effect may happen once this returns.
    func begin(_ command: AgentCommand) async throws {
        let line = JSONObject { json in
            json.member("record", "begin")
            json.member("command", CommandRecord(command))
        }
        try await write { _ in Change(line.bytes) { $0.add(Entry(command: command)) } }
    }

    /// What is said of a command, for good.
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

    /// The control plane knows what is said of a command. Forgetting that does no harm, so nothing waits for the disk.
    func sent(_ id: UUID) async throws {
        guard entry(id)?.acknowledgement != nil else { return }
        let line = JSONObject { json in
            json.member("record", "sent")
            json.member("command_id", id)
        }
        try await write(isDurable: false) { _ in Change(line.bytes) { $0.entries[id]?.isSent = true } }
    }

    /// A command was delivered again: what was said of it is said again.
    func repeatAcknowledgement(_ id: UUID) { state.withLock { $0.entries[id]?.isSent = false } }

    /// Keeps the standing that `current` returns; of several at once the last to be written is the newest.
    func save(_ current: @escaping @Sendable () -> SafetySwitch.Standing) async throws {
        try await write { state in
            let standing = current()
            guard standing != state.standing else { return nil }
            return Change(StandingRecord.line(standing)) { $0.standing = standing }
        }
    }

    /// A line, and what is known once it is on the disk.
    private struct Change: Sendable {
        let line: [UInt8]
        let apply: @Sendable (inout State) -> Void

        init(_ line: [UInt8], _ apply: @escaping @Sendable (inout State) -> Void) {
            self.line = line
            self.apply = apply
        }
    }

    /// - Parameter change: What is written, nil when there is nothing; it is asked for when everything before is written.
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
                // Nothing may follow on half a line.
                writer.linesUntilCompaction = 0
                throw error
            }
        }
    }

    // MARK: - The file

    private static func replay(_ bytes: [UInt8], path: String, into state: inout State) throws {
        // A line without an end was being written when the process ended: nothing that it announces has happened.
        for (number, line) in completeLines(of: bytes).enumerated() {
            do {
                try apply(try JSONValue(json: Array(line)), to: &state)
            } catch {
                throw JournalFailure(
                    description: "\(path):\(number + 1): this line is no record of a journal: \(error)"
                )
            }
        }
    }

    private struct UnknownRecord: Error {}

    private static func apply(_ record: JSONValue, to state: inout State) throws {
        if let command = record["command"] { state.add(Entry(command: try AgentCommand(command))) }
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
        default: throw UnknownRecord()
        }
    }
}

extension Journal.State {
    fileprivate mutating func add(_ entry: Journal.Entry) {
        if entries.updateValue(entry, forKey: entry.command.commandID) == nil { order.append(entry.command.commandID) }
    }

    /// The text of a journal that holds this, once the commands that are over are forgotten.
    fileprivate mutating func compacted(at now: Timestamp) -> [UInt8] {
        entries = entries.filter { !$0.value.isOver(at: now) }
        order.removeAll { entries[$0] == nil }
        let lines = [StandingRecord.line(standing)] + order.compactMap { entries[$0] }.flatMap(\.lines)
        return lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    }
}

extension Journal.Entry {
    fileprivate func isOver(at now: Timestamp) -> Bool {
        isSent && command.expiresAt.adding(seconds: Journal.keeping) < now
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
