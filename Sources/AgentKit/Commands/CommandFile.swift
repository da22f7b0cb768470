import ContractRuntime
import Foundation
import Generated
import Logging
import Synchronization

/// A queue of commands in a local file that contains a JSON array. To add commands, another program replaces the file.
///
/// Commands that were taken from the file stay in `FILE.taken` until they are in the journal. A file that is not a JSON array is moved to
/// `FILE.bad`. Acknowledgements are appended to `FILE.acks` as JSON lines.
final class CommandFile: AcknowledgementTarget {
    private struct State {
        /// The last content that could not be parsed. Another program may still be writing it.
        var unparsed: [UInt8]?
        /// The commands in `FILE.taken`; nil until this process has read it.
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

    /// Removes all commands from the file, and returns the commands that this process has not returned before.
    ///
    /// - Parameter isJournaled: Whether a command is in the journal, so that `FILE.taken` no longer has to keep it.
    func take(unless isJournaled: (JSONValue) -> Bool) throws -> [JSONValue] {
        try state.withLock { state in
            var returned = state.taken ?? []
            if !returned.isEmpty, returned.allSatisfy(isJournaled) {
                unlink(takenPath)
                returned = []
            }
            let recovered = state.taken == nil ? try Files.read(takenPath).flatMap(Self.list) ?? [] : []
            let new = try newCommands(&state.unparsed)
            if !new.isEmpty {
                try Files.replace(takenPath, with: JSONWriter.write(JSONValue.array(returned + recovered + new)))
                try Files.replace(path, with: Array("[]".utf8))
            }
            state.taken = returned + recovered + new
            return recovered + new
        }
    }

    private func newCommands(_ unparsed: inout [UInt8]?) throws -> [JSONValue] {
        guard let bytes = try Files.read(path) else { return [] }
        if let commands = Self.list(bytes) {
            unparsed = nil
            return commands
        }
        // The first failure may be an unfinished write. The same bytes a second time are invalid.
        if unparsed == bytes {
            try quarantine(bytes)
            unparsed = nil
        } else {
            unparsed = bytes
        }
        return []
    }

    private static func list(_ bytes: [UInt8]) -> [JSONValue]? {
        if case .array(let commands)? = try? JSONValue(json: bytes) { commands } else { nil }
    }

    private func quarantine(_ bytes: [UInt8]) throws {
        let bad = (1...).lazy.map { $0 == 1 ? self.path + ".bad" : self.path + ".bad.\($0)" }
            .first { !FileManager.default.fileExists(atPath: $0) }
        guard let bad else { return }
        try Files.replace(bad, with: bytes)
        try Files.replace(path, with: Array("[]".utf8))
        logger.error("the command file must contain a JSON array; it was moved to \(bad)")
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
