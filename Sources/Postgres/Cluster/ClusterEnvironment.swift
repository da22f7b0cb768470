import Subprocess

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The environment of PostgreSQL's programs: only the variables that they need, so no tokens and no webhooks.
enum ClusterEnvironment {
    private static let names = [
        "PATH", "HOME", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES",
        "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
    ]

    static var current: Environment {
        var values: [Environment.Key: String] = [:]
        for name in names {
            if let value = getenv(name) { values[Environment.Key(stringLiteral: name)] = String(cString: value) }
        }
        return .custom(values)
    }
}
