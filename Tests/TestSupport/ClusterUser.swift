import Foundation

/// The user that runs clusters in tests.
public enum ClusterUser {
    /// Makes this user the owner of a file or directory.
    public static func own(_ path: String) {
        guard geteuid() == 0, let user = getpwnam("postgres") else { return }
        chown(path, user.pointee.pw_uid, user.pointee.pw_gid)
    }
}

/// A process of the cluster's user that does not belong to the cluster.
public struct Bystander {
    private let process = Process()

    /// Starts the process.
    public init() throws {
        let change = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (geteuid() == 0 ? change : []) + ["sleep", "600"]
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// The process id.
    public var id: Int32 { process.processIdentifier }

    /// Whether it is running and has received no signal. It inherits the tests' signal mask, so signals stay pending (proc(5), "ShdPnd").
    public var isUnharmed: Bool {
        let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
        return process.isRunning && !status.contains(/ShdPnd:\s*0*[1-9a-f]/)
    }

    /// Kills the process.
    public func end() { kill(id, SIGKILL) }
}
