import Digests
import Handlers
import Logging

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The files that a server with its own cluster keeps outside of it: the key of the audit log's seals and the anchors.
///
/// They are in a folder beside the cluster's, which only this process's user can enter. As root, PostgreSQL runs as another user and cannot
/// read them.
struct ClusterSecrets {
    let folder: String

    private var keyFile: String { folder + "/audit-keys" }
    private var anchorFile: String { folder + "/audit-anchors" }

    init(beside clusterFolder: String) { folder = clusterFolder + "-keys" }

    /// The configuration, with these files for what is not configured.
    func completing(_ protection: AuditProtection, logger: Logger) throws -> AuditProtection {
        let variables = try variables(missingIn: protection, logger: logger)
        var protection = protection
        if let path = variables["AUDIT_KEY_FILE"] { protection.keys = try AuditProtection.keys(inFile: path) }
        if let path = variables["AUDIT_ANCHOR_FILE"] { protection.anchorFile = path }
        return protection
    }

    /// The variables that name these files, for what is not configured. Creates a key unless there is one.
    func variables(missingIn protection: AuditProtection, logger: Logger) throws -> [String: String] {
        // traps: the names are our own, in ASCII.
        var variables: [String: String] = [:]
        guard protection.keys == nil || protection.anchorFile == nil else { return variables }
        guard prepareFolder() else {
            let reason = String(cString: strerror(errno))
            logger.warning(
                "the folder for the audit log's key cannot be used",
                metadata: ["path": "\(folder)", "error": "\(reason)"]
            )
            return variables
        }
        if protection.keys == nil {
            try createKey()
            variables["AUDIT_KEY_FILE"] = keyFile
        }
        if protection.anchorFile == nil { variables["AUDIT_ANCHOR_FILE"] = anchorFile }
        return variables
    }

    private func prepareFolder() -> Bool {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { return false }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        guard status.st_uid == geteuid() else {
            errno = EPERM
            return false
        }
        return fchmod(descriptor, 0o700) == 0
    }

    /// Writes a new key to the file, unless the file exists. A file without its content after a crash has another name.
    private func createKey() throws {
        guard access(keyFile, F_OK) != 0 else { return }
        var random = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        let line = "\(secret.hexadecimal)\n"
        let new = "\(keyFile).\(getpid())"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AuditFileFailure("create", new) }
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count,
            fsync(descriptor) == 0
        else { throw AuditFileFailure("write", new) }
        // Unlike rename, this keeps the key of a process that was faster.
        guard link(new, keyFile) == 0 || errno == EEXIST else { throw AuditFileFailure("create", keyFile) }
        unlink(new)
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw AuditFileFailure("open", folder) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw AuditFileFailure("synchronize", folder) }
    }
}
