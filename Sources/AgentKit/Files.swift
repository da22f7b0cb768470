import Foundation
import Synchronization

/// A file that cannot be read or written.
public struct FileFailure: Error, CustomStringConvertible {
    /// What was tried, with which file, and what the system says.
    public let description: String

    init(_ action: String, _ path: String) {
        description = "cannot \(action) \(path): \(String(cString: strerror(errno)))"
    }
}

/// A file that is only ever appended to.
final class AppendFile: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Opens the file, and makes it where there is none.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("open", path) }
    }

    deinit { close(descriptor) }

    /// Appends all bytes. What a killed process has appended is there; what a crashed machine has, only after `synchronize`.
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

    /// Waits until everything is on the disk.
    func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw FileFailure("synchronize", path) }
    }
}

/// Files as an agent needs them.
enum Files {
    /// Makes a folder and those that it lies in.
    static func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// The file's bytes; nil where there is no file.
    static func read(_ path: String) throws -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Puts a file with these bytes in the place of whatever is there, so that at any moment one of both is there in one piece.
    ///
    /// - Parameter isDurable: Whether to wait until it is on the disk.
    static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws {
        let draft = path + ".new"
        unlink(draft)
        let file = try AppendFile(draft)
        try file.append(bytes)
        if isDurable { try file.synchronize() }
        guard rename(draft, path) == 0 else { throw FileFailure("replace", path) }
        if isDurable { try synchronizeDirectory(of: path) }
    }

    /// Waits until what a folder lists is on the disk.
    private static func synchronizeDirectory(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure("synchronize", folder) }
    }
}

/// A file that is this process's alone until it is released.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure = FileFailure("lock (does another agent of this instance run?)", path)
            close(descriptor)
            throw failure
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets others have the file.
    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            // A child that was forked meanwhile holds the descriptor too until it runs its own program.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            descriptor = -1
        }
    }
}

/// The lines of a text. One without an end was being written when its process ended.
func completeLines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
}
