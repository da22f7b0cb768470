public import Logging

extension EmbeddedCluster {
    /// Upgrades the stopped cluster in `path` to the newest installed version of PostgreSQL, with `pg_upgrade` (PostgreSQL manual,
    /// "pg_upgrade"). The data is copied; the old version's data is kept in `data-VERSION`.
    public static func upgrade(
        in path: String,
        mayMove: Bool = false,
        programsIn folders: [String]? = nil,
        logger: Logger
    ) async throws {
        let (old, installations) = try await open(path, mayMove: mayMove, programsIn: folders, logger: logger)
        defer { old.lock.release() }
        guard try old.directory.majorVersion() != nil else {
            throw PostgresError(.configuration, "there is no cluster in '\(old.path)'; set DATA_DIR to its directory")
        }
        // traps: `open` found the installation of the cluster among them.
        let newest = installations[0]
        guard newest.major > old.installation.major else {
            throw PostgresError(
                .configuration,
                """
                the cluster in '\(old.path)' is at PostgreSQL \(newest.major), and no newer version is installed; \
                install it first (Debian: apt-get install postgresql-NN)
                """
            )
        }
        let new = EmbeddedCluster(
            installation: newest,
            directory: old.directory,
            programs: old.programs,
            lock: old.lock,
            logger: logger
        )
        guard !old.directory.exists(old.keptName) else {
            let found = "'\(old.path)/\(old.keptName)' is left from an earlier upgrade"
            throw PostgresError(.configuration, "\(found); move it elsewhere")
        }
        try await old.upgrade(to: new)
    }

    /// The name of the data directory after the new version's data has replaced it.
    private var keptName: String { "data-\(installation.major)" }

    private func upgrade(to new: EmbeddedCluster) async throws {
        let (from, to) = (installation.version, new.installation.version)
        logger.notice("upgrading the cluster", metadata: ["path": "\(path)", "from": "\(from)", "to": "\(to)"])
        // Only data that was shut down cleanly can be upgraded.
        try await launch()
        _ = try await halt()
        let hasChecksums = try await hasChecksums()
        // Both sides must agree. From version 18 on, checksums are the default.
        let without = new.installation.major >= 18 ? ["--no-data-checksums"] : []
        try await new.initialize("upgrade/data", options: hasChecksums ? ["--data-checksums"] : without)
        try await new.copyData(from: installation)
        if !hasChecksums {
            let arguments = ["--enable", "-D", "\(path)/upgrade/data"]
            _ = try await programs.run(new.installation.program("pg_checksums"), arguments)
        }
        try directory.move("data", to: keptName)
        try directory.move("upgrade/data", to: "data")
        try await remove("upgrade")
        try await new.analyze()
        logger.notice(
            "the cluster is upgraded; delete the old version's directory when it is no longer needed",
            metadata: ["version": "\(to)", "old": "\(path)/\(keptName)"]
        )
    }

    private func hasChecksums() async throws -> Bool {
        // In English, regardless of the machine's language.
        let command = ["LC_ALL=C", installation.program("pg_controldata"), "-D", directory.data]
        let text = try await programs.run("env", command)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Data page checksum version:") }
        return line?.hasSuffix(" 0") == false
    }

    /// Copies the old version's data into the new directory. Files are not linked, so the old data stays unchanged.
    private func copyData(from old: Installation) async throws {
        let arguments = [
            "--old-bindir", old.folder, "--new-bindir", installation.folder, "--old-datadir", directory.data,
            "--new-datadir", "\(path)/upgrade/data", "--username", "flotilla", "--socketdir", directory.socket,
        ]
        // pg_upgrade writes a script to its working directory that deletes the directory `data`, which is the new cluster's by then. So
        // this directory is removed.
        _ = try await programs.run(installation.program("pg_upgrade"), arguments, in: "\(path)/upgrade")
    }

    /// Not all versions copy the statistics of tables, and plans are bad without them.
    private func analyze() async throws {
        try await launch()
        let place = ["--host", directory.socket, "--port", "5432", "--username", "flotilla"]
        let arguments = ["--all", "--analyze-in-stages"] + place
        do {
            _ = try await programs.run(installation.program("vacuumdb"), arguments)
        } catch {
            let line: Logger.Message = "could not update statistics; plans may be slow until PostgreSQL gathers them"
            logger.warning(line, metadata: ["error": "\(error)"])
        }
        _ = try await halt()
    }
}
