import ContractRuntime
import Foundation
import Generated
import Synchronization

/// The kinds of reports, named after their paths below `/ingest/`, in the order in which they are sent.
enum ReportKind: String, CaseIterable {
    case metrics
    case positions
    case costs
    case executionQuality = "execution-quality"
    case orders
    case fills
    case trades
    case balances
    case log

    /// Whether reports of this kind are never dropped: a fee that is lost makes every later sum wrong.
    var isKept: Bool { self == .costs || self == .fills }
}

/// A pending report.
struct Report {
    let kind: ReportKind
    let body: JSONObject

    /// The report's own timestamp.
    var time: Timestamp? {
        guard let body = try? JSONValue(json: body.bytes) else { return nil }
        return (body["timestamp"] ?? body["updated_at"])?.text.flatMap { Timestamp($0) }
    }

    /// The line in the spool: `{"kind":"costs","body":{…}}`
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

/// The spool is full and contains only costs and fills, which are never dropped. The report was not stored.
public struct SpoolFull: Error, CustomStringConvertible {
    /// The size of the spool, in bytes.
    public let bytes: Int

    /// A message with the size.
    public var description: String {
        "the spool is full: \(bytes) bytes of costs and fills are pending, and these are never dropped"
    }
}

/// Stores pending reports in a directory of JSON-lines files, which are sent and deleted in order.
///
/// A report is in a file when `add` returns, so it survives the end of the process. If the spool is full, the oldest reports except costs and
/// fills are dropped.
final class Spool: Sendable {
    private struct Segment {
        let number: Int
        var bytes: Int
        var count: Int
        /// Whether all reports except costs were dropped.
        var isReduced = false
    }

    private struct State {
        var segments: [Segment] = []
        /// The file of the last segment, while reports are added to it.
        var open: AppendFile?
        /// The number of the next file. Numbers are never reused.
        var next = 1
        var dropped = 0
    }

    /// The maximum number of reports per file, which is the limit of one request.
    private static let segmentLength = 1000

    private let directory: String
    private let limit: Int
    private let state: Mutex<State>

    /// Opens the spool in `directory`. Reports of earlier processes are sent first.
    init(in directory: String, limit: Int) throws {
        self.directory = directory
        self.limit = limit
        try Files.makeDirectory(directory)
        var segments: [Segment] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            // Excludes Int.max, because the next number is computed by adding 1.
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

    /// The number of pending reports.
    var count: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.count } } }

    /// Returns the number of reports dropped since the last call.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// Stores a report. Throws `SpoolFull` or `FileFailure`.
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
            // The line may be incomplete, so the next report must start a new file.
            state.open = nil
            throw error
        }
        state.segments[state.segments.count - 1].bytes += line.count
        state.segments[state.segments.count - 1].count += 1
    }

    /// Drops the oldest reports except costs and fills, one file at a time, until `size` bytes fit.
    private func makeRoom(for size: Int, _ state: inout State) throws {
        while state.segments.reduce(size, { $0 + $1.bytes }) > limit {
            guard let index = state.segments.firstIndex(where: { !$0.isReduced }) else {
                throw SpoolFull(bytes: state.segments.reduce(0) { $0 + $1.bytes })
            }
            if index == state.segments.count - 1 { state.open = nil }
            let number = state.segments[index].number
            let kept = try reports(number).filter(\.kind.isKept)
            state.dropped += state.segments[index].count - kept.count
            if kept.isEmpty {
                unlink(path(number))
                state.segments.remove(at: index)
            } else {
                let text = kept.flatMap(\.line)
                try Files.replace(path(number), with: text, isDurable: false)
                state.segments[index] = Segment(number: number, bytes: text.count, count: kept.count, isReduced: true)
            }
        }
    }

    // MARK: - Sending

    /// Returns the oldest file and its reports, or nil if the spool is empty. No more reports are added to that file.
    func oldest() throws -> (number: Int, reports: [Report])? {
        let number: Int? = state.withLock { state in
            if state.segments.count == 1 { state.open = nil }
            return state.segments.first?.number
        }
        guard let number else { return nil }
        return (number, try reports(number))
    }

    /// The reports of a file, without an incomplete last line.
    private func reports(_ number: Int) throws -> [Report] {
        completeLines(of: try Files.read(path(number)) ?? []).compactMap(Report.init)
    }

    /// Deletes a file after sending, or reduces it to the reports that must be sent again.
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
