public import Logging

extension EmbeddedCluster {
    /// Moves the stopped cluster in `path` to the newest version of PostgreSQL that is installed, with `pg_upgrade` (PostgreSQL manual,
    /// "pg_upgrade"). The data are copied; those of the old version stay in `data-VERSION`.
    public static func upgrade(
        in path: String,
        mayMove: Bool = false,
        programsIn folders: [String]? = nil,
        logger: Logger
    ) async throws {
        let (old, installations) = try await open(path, mayMove: mayMove, programsIn: folders, logger: logger)
        defer { old.lock.release() }
        guard try old.directory.majorVersion() != nil else {
            throw PostgresError(.configuration, "there is no cluster in '\(old.path)'; choose its folder with DATA_DIR")
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
            let found = "'\(old.path)/\(old.keptName)' is there from an earlier upgrade"
            throw PostgresError(.configuration, "\(found); move it elsewhere")
        }
        try await old.upgrade(to: new)
    }

    /// What the folder of the data is called once those of a newer version have taken its place.
    private var keptName: String { "data-\(installation.major)" }

    private func upgrade(to new: EmbeddedCluster) async throws {
        let (from, to) = (installation.version, new.installation.version)
        logger.notice("upgrading the cluster", metadata: ["path": "\(path)", "from": "\(from)", "to": "\(to)"])
        // Only data that were shut down cleanly can be upgraded.
        try await launch()
        _ = try await halt()
        let hasChecksums = try await hasChecksums()
        // Both sides must agree; from version 18 on checksums are the default.
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
            "the cluster is upgraded; delete the folder of the old version when it is no longer needed",
            metadata: ["version": "\(to)", "old": "\(path)/\(keptName)"]
        )
    }

    private func hasChecksums() async throws -> Bool {
        // In English, whatever the language of the machine.
        let command = ["LC_ALL=C", installation.program("pg_controldata"), "-D", directory.data]
        let text = try await programs.run("env", command)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Data page checksum version:") }
        return line?.hasSuffix(" 0") == false
    }

    /// Copies the data of another version into ours. Nothing is linked, so the old data stay as they are.
    private func copyData(from old: Installation) async throws {
        let arguments = [
            "--old-bindir", old.folder, "--new-bindir", installation.folder, "--old-datadir", directory.data,
            "--new-datadir", "\(path)/upgrade/data", "--username", "flotilla", "--socketdir", directory.socket,
        ]
        // It leaves a script where it runs that deletes the folder `data`, which is the new cluster's by then: that folder is removed.
        _ = try await programs.run(installation.program("pg_upgrade"), arguments, in: "\(path)/upgrade")
    }

    /// Statistics of tables are not copied by all versions, and without them statements are planned badly.
    private func analyze() async throws {
        try await launch()
        let place = ["--host", directory.socket, "--port", "5432", "--username", "flotilla"]
        let arguments = ["--all", "--analyze-in-stages"] + place
        do {
            _ = try await programs.run(installation.program("vacuumdb"), arguments)
        } catch {
            let line: Logger.Message = "statistics are missing until PostgreSQL gathers them itself"
            logger.warning(line, metadata: ["error": "\(error)"])
        }
        _ = try await halt()
    }
}
