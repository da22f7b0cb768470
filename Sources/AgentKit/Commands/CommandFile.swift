import ContractRuntime
import Foundation
import Generated
import Logging
import Synchronization

/// A queue of commands in a local file, which holds a JSON list. Whoever adds commands replaces the file by one that holds them.
///
/// What is taken out lies in `FILE.taken` until it is in the journal; what cannot be read is kept as `FILE.bad`; acknowledgements are
/// appended to `FILE.acks` as JSON lines.
final class CommandFile: AcknowledgementTarget {
    private struct State {
        /// A text that could not be read. Somebody may be in the middle of writing it.
        var doubtful: [UInt8]?
        /// What lies in `FILE.taken`; nil before this process has looked.
        var taken: [JSONValue]?
    }

    private let path: String
    private let logger: Logger
    private let state = Mutex(State())

    init(_ path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    private var takenPath: String { path + ".taken" }

    /// Takes the commands out of the file that this process has not been given yet.
    ///
    /// - Parameter hasBegun: Whether a command that was given is in the journal, so that it is not needed here any more.
    func take(unless hasBegun: (JSONValue) -> Bool) throws -> [JSONValue] {
        try state.withLock { state in
            var given = state.taken ?? []
            if !given.isEmpty, given.allSatisfy(hasBegun) {
                unlink(takenPath)
                given = []
            }
            let left = state.taken == nil ? try Files.read(takenPath).flatMap(Self.list) ?? [] : []
            let new = try newCommands(&state.doubtful)
            if !new.isEmpty {
                try Files.replace(takenPath, with: JSONWriter.write(JSONValue.array(given + left + new)))
                try Files.replace(path, with: Array("[]".utf8))
            }
            state.taken = given + left + new
            return left + new
        }
    }

    private func newCommands(_ doubtful: inout [UInt8]?) throws -> [JSONValue] {
        guard let bytes = try Files.read(path) else { return [] }
        if let commands = Self.list(bytes) {
            doubtful = nil
            return commands
        }
        // Unreadable twice in a row, it is put aside.
        if doubtful == bytes {
            try setAside(bytes)
            doubtful = nil
        } else {
            doubtful = bytes
        }
        return []
    }

    private static func list(_ bytes: [UInt8]) -> [JSONValue]? {
        if case .array(let commands)? = try? JSONValue(json: bytes) { commands } else { nil }
    }

    private func setAside(_ bytes: [UInt8]) throws {
        let bad = (1...).lazy.map { $0 == 1 ? self.path + ".bad" : self.path + ".bad.\($0)" }
            .first { !FileManager.default.fileExists(atPath: $0) }
        guard let bad else { return }
        try Files.replace(bad, with: bytes)
        try Files.replace(path, with: Array("[]".utf8))
        logger.error("the command file holds no JSON list; it is kept as \(bad)")
    }

    // MARK: - Acknowledgements

    func claim(_ acknowledgement: Acknowledgement) async -> String? { nil }

    func send(_ acknowledgement: Acknowledgement) async throws(CallFailure) {
        do {
            let file = try AppendFile(path + ".acks")
            try file.append(JSONWriter.write(acknowledgement) + [UInt8(ascii: "\n")])
            try file.synchronize()
        } catch {
            throw CallFailure(description: "\(error)")
        }
    }
}
