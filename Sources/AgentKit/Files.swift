import Foundation
import Synchronization

/// A file operation that failed.
public struct FileFailure: Error, CustomStringConvertible {
    /// The operation, the path and the system's error message.
    public let description: String

    init(_ action: String, _ path: String) {
        description = "cannot \(action) \(path): \(String(cString: strerror(errno)))"
    }
}

/// A file that is open for appending.
final class AppendFile: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Opens the file, and creates it if it does not exist.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("open", path) }
    }

    deinit { close(descriptor) }

    /// Appends all bytes. They survive the end of the process, but survive a crash of the machine only after `synchronize`.
    func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure("write", path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits until all appended bytes are on the disk.
    func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw FileFailure("synchronize", path) }
    }
}

/// File operations with the durability that an agent needs.
enum Files {
    /// Creates a directory and its parents, accessible only to the user.
    static func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// The content of a file; nil if it does not exist.
    static func read(_ path: String) throws -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Replaces a file atomically: a reader sees either the old content or the new.
    ///
    /// - Parameter isDurable: Whether to wait until the new content is on the disk.
    static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws {
        let temporaryPath = path + ".new"
        unlink(temporaryPath)
        let file = try AppendFile(temporaryPath)
        try file.append(bytes)
        if isDurable { try file.synchronize() }
        guard rename(temporaryPath, path) == 0 else { throw FileFailure("replace", path) }
        if isDurable { try synchronizeDirectory(of: path) }
    }

    /// Waits until the directory of a file is on the disk, which makes a rename durable.
    private static func synchronizeDirectory(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure("synchronize", folder) }
    }
}

/// An exclusive lock on a file, held until `release` or the end of the process.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure = FileFailure("lock (is another agent of this instance running?)", path)
            close(descriptor)
            throw failure
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Releases the lock. Further calls do nothing.
    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            // Unlock explicitly: a forked child keeps a copy of the descriptor until it calls exec.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            descriptor = -1
        }
    }
}

/// The complete, non-empty lines of a file. An incomplete last line was being written when the process stopped.
func completeLines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
}
