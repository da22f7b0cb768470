import Digests
import Handlers

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that cannot be read or written, or has unexpected contents.
struct AuditFileFailure: Error, CustomStringConvertible {
    let description: String

    init(description: String) {
        self.description = description
    }

    init(_ action: String, _ path: String) {
        description = "cannot \(action) '\(path)': \(String(cString: strerror(errno)))"
    }
}

/// A file of exported entries that is being written. It gets its name once it is complete and on disk.
final class AuditFile {
    let path: String
    private let descriptor: Int32
    private var sum = SHA256()

    /// Opens a new file.
    init(_ path: String) throws {
        guard access(path, F_OK) != 0 else {
            throw AuditFileFailure(description: "'\(path)' already exists: choose another file")
        }
        self.path = path
        descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AuditFileFailure("open", path + ".part") }
        // Overwrite the rest of an interrupted export, but not the file of a running one.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            throw AuditFileFailure("lock", path + ".part")
        }
    }

    deinit { close(descriptor) }

    /// Where months are written to: `place`, or a new file in it if it is a folder.
    static func path(in place: String, first: String, last: String) -> String {
        var status = stat()
        guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return place }
        return "\(place)/audit-\(first)\(first == last ? "" : "-\(last)").ndjson"
    }

    /// Appends bytes.
    func append(_ bytes: [UInt8]) throws {
        sum.update(bytes)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw AuditFileFailure("write", path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name, once it is on disk.
    ///
    /// - Returns: Its SHA-256, in hexadecimal.
    func finish() throws -> String {
        guard fsync(descriptor) == 0 else { throw AuditFileFailure("synchronize", path) }
        guard rename(path + ".part", path) == 0 else { throw AuditFileFailure("rename", path + ".part") }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw AuditFileFailure("open", folder) }
        defer { close(folderDescriptor) }
        guard fsync(folderDescriptor) == 0 else { throw AuditFileFailure("synchronize", folder) }
        return sum.hash.hexadecimal
    }

    /// Removes an incomplete file.
    func abandon() { unlink(path + ".part") }

    /// Verifies a file.
    ///
    /// - Parameter keys: The keys of its seals; nil for a file without keys.
    /// - Returns: Its contents, and its SHA-256 in hexadecimal.
    static func verify(_ path: String, keys: AuditKeys?) throws -> (summary: AuditFileSummary, sha256: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw AuditFileFailure("open", path) }
        defer { close(descriptor) }
        var verifier = AuditFileVerifier(keys: keys)
        var sum = SHA256()
        var rest: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw AuditFileFailure("read", path)
            }
            if count == 0 { break }
            sum.update(part[..<count])
            rest += part[..<count]
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try verifier.add(rest[start..<end])
                start = end + 1
            }
            rest.removeSubrange(..<start)
            guard rest.count <= longestLine else {
                throw AuditFileFailure(description: "a line is longer than \(longestLine) bytes")
            }
        }
        if !rest.isEmpty { throw AuditFileFailure(description: "the last line is incomplete") }
        return (try verifier.summary(), sum.hash.hexadecimal)
    }

    /// Bounds memory; entries are much shorter, because the size of requests is bounded.
    private static let longestLine = 64 << 20
}
