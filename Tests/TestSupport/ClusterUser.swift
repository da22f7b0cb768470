import Foundation

/// The user that a cluster runs as in the tests.
public enum ClusterUser {
    /// Gives a file or folder to this user.
    public static func own(_ path: String) {
        guard geteuid() == 0, let user = getpwnam("postgres") else { return }
        chown(path, user.pointee.pw_uid, user.pointee.pw_gid)
    }
}

/// A process of the cluster's user that has nothing to do with the cluster.
public struct Bystander {
    private let process = Process()

    /// Starts it.
    public init() throws {
        let change = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (geteuid() == 0 ? change : []) + ["sleep", "600"]
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Its number.
    public var id: Int32 { process.processIdentifier }

    /// Whether it runs and nobody sent it a signal. It inherits the tests' mask, so signals stay pending (proc(5), "ShdPnd").
    public var isUnharmed: Bool {
        let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
        return process.isRunning && !status.contains(/ShdPnd:\s*0*[1-9a-f]/)
    }

    /// Ends it.
    public func end() { kill(id, SIGKILL) }
}
