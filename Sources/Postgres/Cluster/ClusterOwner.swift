#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The user that runs the cluster when this process is root.
struct ClusterOwner {
    let user: uid_t
    let group: gid_t

    /// The program that runs a command as another user.
    ///
    /// A child of a multithreaded process cannot change its user itself: glibc's `setgroups` and `setuid` wait for every thread that the
    /// parent had (seen as a deadlock in `__nptl_setxid`).
    static let program = "setpriv"

    /// The arguments of `program` that run a command as this user.
    func arguments(running command: String) -> [String] {
        ["--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--", command]
    }

    /// Nil unless this process is root; then the current user owns the cluster.
    static func current() throws(PostgresError) -> ClusterOwner? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return ClusterOwner(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            }
        }
        throw PostgresError(
            .configuration,
            "PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody'"
        )
    }
}
