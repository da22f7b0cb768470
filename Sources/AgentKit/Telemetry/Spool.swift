import ContractRuntime
import Foundation
import Generated
import Synchronization

/// What is reported, by the path that takes it.
enum ReportKind: String, CaseIterable {
    case metrics
    case positions
    case costs
    case executionQuality = "execution-quality"
}

/// A report that waits for the control plane.
struct Report {
    let kind: ReportKind
    let body: JSONObject

    /// The time that it is about.
    var time: Timestamp? {
        guard let body = try? JSONValue(json: body.bytes) else { return nil }
        return (body["timestamp"] ?? body["updated_at"])?.text.flatMap { Timestamp($0) }
    }

    /// `{"kind":"costs","body":{…}}`
    fileprivate var line: [UInt8] {
        JSONObject { json in
            json.member("kind", kind.rawValue)
            json.member("body", body)
        }.bytes + [UInt8(ascii: "\n")]
    }

    fileprivate init(kind: ReportKind, body: JSONObject) {
        self.kind = kind
        self.body = body
    }

    fileprivate init?(_ line: ArraySlice<UInt8>) {
        guard let json = try? JSONValue(json: Array(line)), let kind = json["kind"]?.text.flatMap(ReportKind.init),
            let body = json["body"], case .object = body
        else { return nil }
        self.init(kind: kind, body: JSONObject(validated: JSONWriter.write(body)))
    }
}

/// The spool holds nothing but costs, and no more fit.
public struct SpoolFull: Error, CustomStringConvertible {
    /// How many bytes it holds.
    public let bytes: Int

    public var description: String { "\(bytes) bytes of costs wait for the control plane, and no more fit" }
}

/// The reports that wait for the control plane: a folder of files of JSON lines, sent and deleted one file after the other.
///
/// A report is in a file when `add` returns, so that the end of the process loses none. When the spool is full the oldest reports make
/// room, but never costs.
final class Spool: Sendable {
    private struct Segment {
        let number: Int
        var bytes: Int
        var count: Int
        /// Whether nothing but costs is left in it.
        var isReduced = false
    }

    private struct State {
        var segments: [Segment] = []
        /// The last segment's file while reports are added to it.
        var open: AppendFile?
        /// The next file's number; none is used twice.
        var next = 1
        var dropped = 0
    }

    /// How many reports a file holds at most: what one call can take.
    private static let segmentLength = 1000

    private let directory: String
    private let limit: Int
    private let state: Mutex<State>

    /// Opens the spool in `directory`; what an earlier process has left there is sent first.
    init(in directory: String, limit: Int) throws {
        self.directory = directory
        self.limit = limit
        try Files.makeDirectory(directory)
        var segments: [Segment] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            // The next number must be one, too.
            guard name.hasSuffix(".jsonl"), let number = Int(name.dropLast(6)), (1..<Int.max).contains(number) else {
                continue
            }
            let bytes = try Files.read("\(directory)/\(name)") ?? []
            segments.append(Segment(number: number, bytes: bytes.count, count: completeLines(of: bytes).count))
        }
        segments.sort { $0.number < $1.number }
        state = Mutex(State(segments: segments, next: (segments.last?.number ?? 0) + 1))
    }

    private func path(_ number: Int) -> String { "\(directory)/\(number).jsonl" }

    /// How many reports wait.
    var count: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.count } } }

    /// How many reports were dropped since the last time that this was asked.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// Adds a report.
    func add(_ kind: ReportKind, _ body: JSONObject) throws {
        let line = Report(kind: kind, body: body).line
        try state.withLock { state in
            try makeRoom(for: line.count, &state)
            try append(line, to: &state)
        }
    }

    private func append(_ line: [UInt8], to state: inout State) throws {
        if state.open == nil || state.segments.last.map({ $0.count >= Self.segmentLength }) ?? true {
            state.open = try AppendFile(path(state.next))
            state.segments.append(Segment(number: state.next, bytes: 0, count: 0))
            state.next += 1
        }
        do {
            try state.open?.append(line)
        } catch {
            // Nothing may follow on half a line.
            state.open = nil
            throw error
        }
        state.segments[state.segments.count - 1].bytes += line.count
        state.segments[state.segments.count - 1].count += 1
    }

    /// Takes the oldest reports out that are no costs, a file at a time.
    private func makeRoom(for size: Int, _ state: inout State) throws {
        while state.segments.reduce(size, { $0 + $1.bytes }) > limit {
            guard let index = state.segments.firstIndex(where: { !$0.isReduced }) else {
                throw SpoolFull(bytes: state.segments.reduce(0) { $0 + $1.bytes })
            }
            if index == state.segments.count - 1 { state.open = nil }
            let number = state.segments[index].number
            let costs = try reports(number).filter { $0.kind == .costs }
            state.dropped += state.segments[index].count - costs.count
            if costs.isEmpty {
                unlink(path(number))
                state.segments.remove(at: index)
            } else {
                let text = costs.flatMap(\.line)
                try Files.replace(path(number), with: text, isDurable: false)
                state.segments[index] = Segment(number: number, bytes: text.count, count: costs.count, isReduced: true)
            }
        }
    }

    // MARK: - Sending

    /// The oldest reports, in a file that no further ones are added to; nil when none wait.
    func oldest() throws -> (number: Int, reports: [Report])? {
        let number: Int? = state.withLock { state in
            if state.segments.count == 1 { state.open = nil }
            return state.segments.first?.number
        }
        guard let number else { return nil }
        return (number, try reports(number))
    }

    /// The reports of a file. A line without an end was being written when the process ended.
    private func reports(_ number: Int) throws -> [Report] {
        completeLines(of: try Files.read(path(number)) ?? []).compactMap(Report.init)
    }

    /// These reports have arrived, but for those that are to be sent again.
    func remove(_ number: Int, keeping rest: [Report] = []) throws {
        try state.withLock { state in
            guard let index = state.segments.firstIndex(where: { $0.number == number }) else { return }
            if rest.isEmpty {
                unlink(path(number))
                state.segments.remove(at: index)
            } else {
                let text = rest.flatMap(\.line)
                try Files.replace(path(number), with: text, isDurable: false)
                state.segments[index] = Segment(number: number, bytes: text.count, count: rest.count)
            }
        }
    }
}
