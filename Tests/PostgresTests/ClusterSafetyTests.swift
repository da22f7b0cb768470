import Foundation
import Logging
import TestSupport
import Testing

@testable import Postgres

/// Clusters in bad states: killed, incomplete, of another version, from an earlier release.
@Suite(.serialized) struct ClusterSafetyTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-safety-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        ClusterUser.own(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// Ends the cluster as a power failure does, and lets its lock file name another process.
    private func kill(_ folder: String, leaving pid: pid_t) async throws {
        let postmaster = try ClusterProbe.postmaster(in: folder)
        Foundation.kill(postmaster, SIGKILL)
        while Foundation.kill(postmaster, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        for name in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
            let path = "\(folder)/\(name)"
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
            let text = "\(pid)\n" + lines.joined(separator: "\n") + "\n"
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }
    }

    @Test func `a process with the id of a killed cluster is neither mistaken for it nor signalled`() async throws {
        try await withFolder { folder in
            let bystander = try Bystander()
            defer { bystander.end() }
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await first.createDatabase("kept")
            try await kill(folder, leaving: bystander.id)
            try await first.stop()
            #expect(bystander.isUnharmed)
            let second = try await EmbeddedCluster.start(in: folder, logger: logger)
            #expect(try await ClusterProbe.text("SELECT 'here'", at: second.url(database: "kept")) == "here")
            #expect(try ClusterProbe.postmaster(in: folder) != bystander.id)
            try await second.stop()
            #expect(bystander.isUnharmed)
        }
    }

    @Test func `a killed cluster is restarted while another process has its id`() async throws {
        try await withFolder { folder in
            let bystander = try Bystander()
            defer { bystander.end() }
            let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await kill(folder, leaving: bystander.id)
            let watching = Task { await cluster.keepRunning() }
            let url = cluster.url(database: "postgres")
            while (try? await ClusterProbe.text("SELECT 'here'", at: url)) == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(bystander.isUnharmed)
            watching.cancel()
            await watching.value
            try await cluster.stop()
        }
    }

    @Test func `a start waits until the processes of a killed cluster have ended`() async throws {
        try await withFolder { folder in
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            let postmaster = try ClusterProbe.postmaster(in: folder)
            let file = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
            let line = file.split(separator: "\n", omittingEmptySubsequences: false)[6]
            let id = try #require(line.split(separator: " ").last.flatMap { CInt($0) })
            // As a process of the cluster has it that takes its time to end.
            let memory = try #require(shmat(id, nil, SHM_RDONLY))
            try #require(memory != UnsafeMutableRawPointer(bitPattern: -1))
            Foundation.kill(postmaster, SIGKILL)
            first.lock.release()
            let start = Task { try await EmbeddedCluster.start(in: folder, logger: logger) }
            try await Task.sleep(for: .milliseconds(700))
            #expect(shmdt(memory) == 0)
            let second = try await start.value
            #expect(try await ClusterProbe.text("SELECT 'here'", at: second.url(database: "postgres")) == "here")
            try await second.stop()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a cluster that ends while it is taken over is started`() async throws {
        try await withFolder { folder in
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            let postmaster = try ClusterProbe.postmaster(in: folder)
            Foundation.kill(postmaster, SIGSTOP)
            first.lock.release()
            let start = Task { try await EmbeddedCluster.start(in: folder, logger: logger) }
            try await Task.sleep(for: .milliseconds(700))
            Foundation.kill(postmaster, SIGKILL)
            let second = try await start.value
            #expect(try ClusterProbe.postmaster(in: folder) != postmaster)
            try await second.stop()
        }
    }

    @Test func `a new cluster has checksums and listens on no port`() async throws {
        try await withFolder { folder in
            let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
            let url = cluster.url(database: "postgres")
            #expect(try await ClusterProbe.text("SELECT current_setting('data_checksums')", at: url) == "on")
            try await expectClosed(url, folder)
            try await cluster.stop()
            let rules = try String(contentsOfFile: folder + "/data/pg_hba.conf", encoding: .utf8)
            let network = rules.split(separator: "\n").filter { $0.hasPrefix("host") }
            #expect(!network.isEmpty)
            #expect(network.allSatisfy { $0.hasSuffix("reject") })
        }
    }

    /// Expects that only the cluster's user can reach it.
    private func expectClosed(_ url: String, _ folder: String) async throws {
        let settings = """
            SELECT concat_ws('|', current_setting('listen_addresses'), current_setting('unix_socket_permissions'),
                current_setting('hba_file'), (SELECT string_agg(DISTINCT type, ',') FROM pg_hba_file_rules))
            """
        #expect(try await ClusterProbe.text(settings, at: url) == "|0700|\(folder)/pg_hba.conf|local")
        let mode = try FileManager.default.attributesOfItem(atPath: folder + "/.s.PGSQL.5432")[.posixPermissions]
        #expect(mode as? Int == 0o700)
    }

    /// Creates data as earlier releases did, and stops before it is configured, as a kill does.
    private func makeWithTrust(_ folder: String) async throws -> (Installation, ClusterPrograms) {
        let programs = ClusterPrograms(owner: try ClusterOwner.current())
        let installation = try #require(await Installation.all(in: nil, by: programs).first)
        let arguments = ["-D", folder + "/data", "-U", "flotilla", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        _ = try await programs.run(installation.program("initdb"), arguments)
        return (installation, programs)
    }

    @Test func `a cluster that was killed before its configuration accepts no TCP connections`() async throws {
        try await withFolder { folder in
            _ = try await makeWithTrust(folder)
            let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await expectClosed(cluster.url(database: "postgres"), folder)
            try await cluster.stop()
        }
    }

    @Test func `a running cluster that accepts TCP connections is restarted without them`() async throws {
        try await withFolder { folder in
            let (installation, programs) = try await makeWithTrust(folder)
            let options = "-k '\(folder)' -c listen_addresses=127.83.12.7"
            let arguments = ["start", "-D", folder + "/data", "-l", folder + "/log", "-w", "-o", options]
            _ = try await programs.run(installation.program("pg_ctl"), arguments)
            let old = try ClusterProbe.postmaster(in: folder)
            let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await expectClosed(cluster.url(database: "postgres"), folder)
            #expect(try ClusterProbe.postmaster(in: folder) != old)
            try await cluster.stop()
        }
    }

    @Test func `data whose creation was interrupted is created again`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data.new", withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: folder + "/data.new/PG_VERSION", contents: Data("15\n".utf8))
            for name in ["data.new", "data.new/PG_VERSION"] { ClusterUser.own("\(folder)/\(name)") }
            let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await cluster.stop()
            #expect(!FileManager.default.fileExists(atPath: folder + "/data.new"))
        }
    }

    @Test func `the directory of an interrupted upgrade is rejected with instructions`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data-15", withIntermediateDirectories: true)
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.start(in: folder, logger: logger)
            }
            let advice = "an upgrade was interrupted; rename 'data-15' to 'data' and restart"
            #expect(error?.description == "'\(folder)' contains 'data-15' and no directory 'data': \(advice)")
        }
    }

    @Test func `a directory path may contain an apostrophe, a comma and spaces`() async throws {
        try await withFolder { folder in
            let cluster = try await EmbeddedCluster.start(in: folder + "/it's, odd", logger: logger)
            #expect(try await ClusterProbe.text("SELECT 'here'", at: cluster.url(database: "postgres")) == "here")
            try await cluster.stop()
        }
    }

    @Test func `the programs match the version that created the data`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-version-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
        let directory = ClusterDirectory(path: folder, socket: folder)
        let new = Installation(folder: "/new", version: "18.4")
        let old = Installation(folder: "/old", version: "15.18 (Debian)")
        #expect(try Installation.choose(for: directory, among: [new, old]) == new)
        try Data("15\n".utf8).write(to: URL(fileURLWithPath: folder + "/data/PG_VERSION"))
        #expect(try Installation.choose(for: directory, among: [new, old]) == old)
        let error = #expect(throws: PostgresError.self) { try Installation.choose(for: directory, among: [new]) }
        #expect(
            error?.description == """
                the cluster in '\(folder)' was created by PostgreSQL 15, but 18 is installed; \
                install PostgreSQL 15 (Debian: apt-get install postgresql-15). \
                With both versions installed, './flotilla upgrade-cluster' upgrades the cluster to the newer one
                """
        )
    }

    @Test func `a cluster that fails to start is retried after half a second to ten seconds`() {
        var restarts = ClusterRestarts()
        let start = ContinuousClock.now
        let turns = (0..<80).filter { restarts.takesTurn(at: start + .milliseconds(500) * $0) }
        #expect(turns == [0, 1, 3, 7, 15, 31, 51, 71])
        restarts.noteStart(at: start + .seconds(40))
        let soon = restarts.takesTurn(at: start + .seconds(41))
        #expect(!soon)
        restarts.noteStart(at: start + .seconds(50))
        let late = restarts.takesTurn(at: start + .seconds(110))
        #expect(late)
    }

    @Test func `the same line is written once per minute`() {
        var lines = LogLimit()
        let start = ContinuousClock.now
        let seconds = [0, 1, 59, 60, 61, 120]
        let written = seconds.filter { lines.admits("full", at: start + .seconds($0)) }
        #expect(written == [0, 60, 120])
        let isOtherWritten = lines.admits("gone", at: start + .seconds(1))
        #expect(isOtherWritten)
    }

    @Test(arguments: [
        ("53100", "could not extend file", true), ("58030", "could not read block", true),
        ("58P01", "could not access file \"$libdir/plpgsql\": No such file or directory", true),
        ("XX000", "could not load library \"/usr/lib/postgresql/15/lib/plpgsql.so\": file too short", true),
        ("XX000", "incompatible library \"/usr/lib/postgresql/15/lib/plpgsql.so\": version mismatch", true),
        ("XX000", "cache lookup failed", false), ("23505", "duplicate key", false),
    ])
    func `failures of the machine are transient`(state: String, message: String, isTransient: Bool) {
        let error = PostgresError(.statement, state: SQLState(state), message)
        #expect(error.isTransient == isTransient)
        #expect(error.isDiskFull == (state == "53100"))
        #expect(error.isLibraryFailure == message.contains("lib"))
    }
}
