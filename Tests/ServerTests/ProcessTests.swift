import Foundation
import TestSupport
import Testing

/// `flotilla-server` as a process: its output and its exit.
@Suite struct ProcessTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal ends it with status 0 after requests in flight`(signal: Int32) async throws {
        try await TestDatabase.empty { url in
            let server = try ServerProcess(
                ["serve", "--migrate"],
                environment: [
                    "DATABASE_URL": url, "ADMIN_TOKEN": "t", "API_ADDRESS": "127.0.0.1:0", "WEB_ADDRESS": "off",
                    "LOG_FORMAT": "json",
                ]
            )
            let address = await server.line(after: "API  http://127.0.0.1:")
            let client = RawHTTP(port: try #require(Int(address)))
            while try await client.send("GET", "/readyz").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
            // Many requests, with the signal in the middle: each gets a response or was never accepted.
            let statuses = await withTaskGroup(of: Int?.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let beat = RunningServer.heartbeat("i\(index)")
                        let type = ["Content-Type": "application/json"]
                        return try? await client.send("POST", "/ingest/heartbeat", headers: type, body: beat).status
                    }
                }
                var statuses: [Int?] = []
                while let status = await group.next() {
                    statuses.append(status)
                    if statuses.count == 20 { kill(server.process.processIdentifier, signal) }
                }
                return statuses
            }
            let (status, errors) = await server.end()
            #expect(status == 0)
            #expect(Set(statuses.compactMap { $0 }) == [202])
            let lines = errors.split(separator: "\n")
            #expect(!lines.isEmpty)
            for line in lines {
                let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(entry?["level"] is String)
            }
        }
    }

    @Test func `it does not start without a token`() async throws {
        let (status, errors) = await (try ServerProcess(environment: [:])).end()
        #expect(status == 2)
        #expect(errors == "flotilla-server: ADMIN_TOKEN: found nothing, expected the admin token\n")
    }

    @Test func `the error names an address in use`() async throws {
        try await RunningServer.with { running in
            let address = "127.0.0.1:\(running.api.port)"
            let server = try ServerProcess(environment: [
                "DATABASE_URL": "host=/nowhere", "ADMIN_TOKEN": "t", "API_ADDRESS": address,
            ])
            let (status, errors) = await server.end()
            #expect(status == 2)
            #expect(errors.contains("flotilla-server: API_ADDRESS: found '\(address)' ("))
        }
    }
}
