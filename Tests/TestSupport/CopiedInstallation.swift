import Foundation

/// A copy of the PostgreSQL of this machine, whose files a test may exchange.
public struct CopiedInstallation: Sendable {
    /// Where its programs lie.
    public let programs: String
    private let libraries: String

    /// The folders of the PostgreSQL to copy; nil where it is not laid out as Debian does.
    private static let original: (programs: String, libraries: String, share: String)? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root))?.compactMap { Int($0) } ?? []
        guard let newest = versions.max() else { return nil }
        return ("\(root)/\(newest)/bin", "\(root)/\(newest)/lib", "/usr/share/postgresql/\(newest)")
    }()

    /// Whether there is one to copy.
    public static var isPossible: Bool { original != nil }

    /// Copies it below `folder`, under its own paths: PostgreSQL finds its files from where its program lies.
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

    /// Exchanges the library of PL/pgSQL for a file that is none, as in the middle of an upgrade of the package.
    public func breakLibrary() throws {
        try FileManager.default.moveItem(atPath: library, toPath: library + ".good")
        try Data("no library".utf8).write(to: URL(fileURLWithPath: library))
    }

    /// Puts the library back.
    public func repairLibrary() throws {
        try FileManager.default.removeItem(atPath: library)
        try FileManager.default.moveItem(atPath: library + ".good", toPath: library)
    }

    /// Makes `postgres --version` say another version, as after an upgrade. PostgreSQL's own programs ask with `-V`.
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
