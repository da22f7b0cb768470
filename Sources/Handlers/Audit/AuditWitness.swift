import ContractRuntime
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The head of the audit log that this server saw last, apart from the database.
final class AuditWitness: Sendable {
    private struct State {
        /// The last head that this server saw and that continued the ones before.
        var newest: AuditAnchor?
        /// When the last anchor was due.
        var anchored: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// The last head that this server saw.
    var newest: AuditAnchor? { state.withLock { $0.newest } }

    /// Remembers a head that continues the known ones.
    func note(_ anchor: AuditAnchor) {
        state.withLock { state in
            if anchor.position >= state.newest?.position ?? 0 { state.newest = anchor }
        }
    }

    /// Remembers a head that this server has made, if the one before it is the known one. Otherwise the log was continued by another server,
    /// or was cut off: only a comparison tells.
    func note(_ anchor: AuditAnchor, after previous: Seal) {
        state.withLock { state in
            let isNext = state.newest.map { known in
                known.position == previous.position && known.head.hasSameScalars(as: previous.hash)
            }
            if isNext ?? true { state.newest = anchor }
        }
    }

    /// Whether an anchor is due: the first one immediately, each further one after `interval`.
    func isDue(after interval: Duration, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            if let last = state.anchored, now - last < interval { return false }
            state.anchored = now
            return true
        }
    }
}

/// A file of anchors: one line of JSON for each. It is only appended to.
struct AnchorFile {
    let path: String

    /// A file that cannot be read or written.
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ action: String, _ path: String) {
            description = "cannot \(action) the anchors in '\(path)': \(String(cString: strerror(errno)))"
        }
    }

    /// The newest anchors, oldest first; none if there is no file. The first line of a long file may be incomplete and is skipped.
    func newest() throws(Failure) -> [AuditAnchor] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw Failure("read", path)
        }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        // traps: the size of a file is not negative here.
        guard size >= 0, lseek(descriptor, max(size - Self.tail, 0), SEEK_SET) >= 0 else { throw Failure("read", path) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        // Another process can append while this one reads, so the number of bytes is bounded.
        while bytes.count <= Self.tail {
            let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure("read", path)
            }
            if count == 0 { break }
            bytes += part[..<count]
        }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { AuditAnchor(line: $0) }
    }

    /// Appends an anchor and waits until it is on disk.
    func append(_ anchor: AuditAnchor) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("write", path) }
        defer { close(descriptor) }
        let line = Array((anchor.json.description + "\n").utf8)
        guard line.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == line.count,
            fsync(descriptor) == 0
        else { throw Failure("write", path) }
    }

    private static let tail = 262_144
}
