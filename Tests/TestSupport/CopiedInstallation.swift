import Foundation

/// A copy of this machine's PostgreSQL, whose files a test may replace.
public struct CopiedInstallation: Sendable {
    /// The directory of its programs.
    public let programs: String
    private let libraries: String

    /// The directories of the PostgreSQL to copy; nil if its layout is not Debian's.
    private static let original: (programs: String, libraries: String, share: String)? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root))?.compactMap { Int($0) } ?? []
        guard let newest = versions.max() else { return nil }
        return ("\(root)/\(newest)/bin", "\(root)/\(newest)/lib", "/usr/share/postgresql/\(newest)")
    }()

    /// Whether there is a PostgreSQL to copy.
    public static var isPossible: Bool { original != nil }

    /// Copies it into `folder`, with the same relative paths: PostgreSQL finds its files relative to its program.
    public init(below folder: String) throws {
        guard let original = Self.original else { throw CocoaError(.fileNoSuchFile) }
        for path in [original.programs, original.libraries, original.share] {
            let parent = (folder + path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: path, toPath: folder + path)
        }
        programs = folder + original.programs
        libraries = folder + original.libraries
    }

    private var library: String { libraries + "/plpgsql.so" }

    /// Replaces the library of PL/pgSQL with an invalid file, as in the middle of a package upgrade.
    public func breakLibrary() throws {
        try FileManager.default.moveItem(atPath: library, toPath: library + ".good")
        try Data("no library".utf8).write(to: URL(fileURLWithPath: library))
    }

    /// Restores the library.
    public func repairLibrary() throws {
        try FileManager.default.removeItem(atPath: library)
        try FileManager.default.moveItem(atPath: library + ".good", toPath: library)
    }

    /// Makes `postgres --version` print another version, as after an upgrade. PostgreSQL's own programs use `-V`.
    public func pretend(version: String) throws {
        let program = programs + "/postgres"
        try FileManager.default.moveItem(atPath: program, toPath: program + ".real")
        let script = """
            #!/bin/sh
            [ "$1" != --version ] || { echo 'postgres (PostgreSQL) \(version)'; exit; }
            exec "$0.real" "$@"
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    }
}
