import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Handlers
@testable import Server

/// TLS with certificates that change while the server is running. The client is `openssl`.
@Suite struct CertificateTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    /// Waits until a condition holds.
    private func wait(_ isMet: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            if try await isMet() { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private func store(_ folder: CertificateFolder) throws -> CertificateStore {
        try CertificateStore(folder.files, logger: logger)
    }

    @Test func `replaced files are used from then on`() async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            #expect(store.check() == .unchanged)
            let before = store.context
            try await folder.replace(with: "second")
            #expect(store.check() == .replaced)
            #expect(store.context !== before)
            #expect(store.check() == .unchanged)
        }
    }

    @Test func `the server waits for a key that does not match yet`() async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            let before = store.context
            try await folder.replaceCertificate(with: "second")
            #expect(store.check() == .refused)
            #expect(store.check() == .refused)
            #expect(store.context === before)
            try folder.replaceKey()
            #expect(store.check() == .replaced)
        }
    }

    @Test(arguments: ["", "nonsense", "-----BEGIN CERTIFICATE-----\nMIIB", "half"])
    func `a broken file keeps the certificate, and a repaired one replaces it`(content: String) async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            let before = store.context
            let whole = try folder.certificate()
            // traps: a half is at most as long as the whole.
            try folder.breakCertificate(content == "half" ? String(whole.prefix(whole.utf8.count / 2)) : content)
            #expect(store.check() == .refused)
            #expect(store.context === before)
            try folder.breakCertificate(whole)
            #expect(store.check() == .replaced)
        }
    }

    @Test func `a chain with a broken second certificate is rejected`() async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            try folder.breakCertificate(try folder.certificate() + "-----BEGIN CERTIFICATE-----\nMIIB\n")
            #expect(store.check() == .refused)
        }
    }

    @Test func `a missing file keeps the certificate`() async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            try FileManager.default.removeItem(atPath: folder.files.key)
            #expect(store.check() == .refused)
        }
    }

    @Test func `new connections get the new certificate, and open ones continue`() async throws {
        try await CertificateFolder.with("first") { folder in
            let store = try store(folder)
            let listener = try await HTTPListener.start(
                at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
                on: MultiThreadedEventLoopGroup.singleton,
                tls: store,
                limits: .withoutGrace,
                responder: HealthResponder(),
                logger: logger
            )
            let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
            let open = try TLSClient(port: port)
            #expect(try open.get("/")?.hasPrefix("HTTP/1.1 200 OK") == true)
            try await folder.replace(with: "second")
            #expect(store.check() == .replaced)
            #expect(try await TLSClient.certificateName(port: port) == "second")
            #expect(try open.get("/")?.hasPrefix("HTTP/1.1 200 OK") == true)
            #expect(try open.end().contains("CN = first"))
            await listener.stop()
        }
    }

    /// Responds to every request.
    private struct HealthResponder: OpenResponder {
        func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
            ServerResponse(status: 200, contentType: nil, body: [120], requestID: "r")
        }
    }

    @Test func `both processes load a new certificate, and report once that a broken one is not used`() async throws {
        try await CertificateFolder.with("first") { folder in
            try await TestDatabase.migrated { url in
                let settings = folder.settings.merging(["WEB_ADDRESS": "127.0.0.1:0"]) { $1 }
                let process = try ServerProcess(environment: Site.environment(url, settings))
                let ports = await process.lines(after: ["API  https://127.0.0.1:", "WEB  https://127.0.0.1:"]).map {
                    Int($0) ?? 0
                }
                for port in ports {
                    #expect(try await wait { try await TLSClient.certificateName(port: port) == "first" })
                }
                func isRefused() async throws -> Bool {
                    try await TLSClient.exchange(port: ports[0], "GET", "/metrics").answer
                        .contains("\nflotilla_tls_files_refused 1\n")
                }
                #expect(try await !isRefused())
                try folder.breakCertificate("nonsense")
                #expect(try await wait(isRefused))
                for port in ports { #expect(try await TLSClient.certificateName(port: port) == "first") }
                try await folder.replace(with: "second", days: 90)
                for port in ports {
                    #expect(try await wait { try await TLSClient.certificateName(port: port) == "second" })
                }
                #expect(try await wait { try await !isRefused() })
                let metrics = try await TLSClient.exchange(port: ports[0], "GET", "/metrics").answer
                let expiry = metrics.firstMatch(of: /\nflotilla_tls_certificate_expiry_seconds (\d+)\n/)
                let days = ((Double(expiry.map { String($0.1) } ?? "") ?? 0) - Date.now.timeIntervalSince1970) / 86_400
                #expect((89...91).contains(days), "\(days)")
                process.process.terminate()
                let (status, errors) = await process.end()
                #expect(status == 0)
                // At most once per process: the files may be repaired before the second check.
                #expect(errors.split(separator: "TLS_CERTIFICATE, TLS_KEY: found no readable").count <= 3, "\(errors)")
            }
        }
    }

    @Test func `unusable files are reported once`() async throws {
        try await CertificateFolder.with("first") { folder in
            let log = LogLines()
            let store = try CertificateStore(folder.files, logger: Logger(label: "tests") { _ in log })
            try folder.breakCertificate("nonsense")
            _ = store.check()
            #expect(log.lines.isEmpty)
            for _ in 0..<3 { _ = store.check() }
            #expect(log.lines.count == 1)
            let line = log.lines.first ?? ""
            #expect(line.hasPrefix("TLS_CERTIFICATE, TLS_KEY: found no readable PEM certificates in '"))
            #expect(
                line.contains("expected a PEM chain that begins with the server's certificate, and the matching key.")
            )
            #expect(line.hasSuffix("Replace the files; no restart is needed."))
            try folder.breakCertificate("other nonsense")
            for _ in 0..<3 { _ = store.check() }
            #expect(log.lines.count == 2)
        }
    }

    @Test func `over TLS, cookies and responses are for TLS only, and old versions are rejected`() async throws {
        try await CertificateFolder.with("flotilla.example") { folder in
            let settings = folder.settings
            try await RunningServer.with(settings: settings) { server in
                let (api, web) = (server.api.port, server.web.port)
                let form = ["Content-Type": "application/x-www-form-urlencoded"]
                var login = ""
                let isIn = try await wait {
                    login = try await TLSClient.exchange(
                        port: web,
                        "POST",
                        "/login",
                        headers: form,
                        body: "token=\(RunningServer.token)"
                    ).answer
                    return login.hasPrefix("HTTP/1.1 303 ")
                }
                #expect(isIn, "\(login)")
                let cookie = login.split(separator: "\r\n").compactMap {
                    $0.wholeMatch(of: /Set-Cookie: __Host-flotilla_session=([^;]+); (.*)/)
                }.first
                #expect(cookie.map { String($0.2) } == "Path=/; Max-Age=43200; SameSite=Lax; Secure; HttpOnly")
                #expect(login.contains("\r\nStrict-Transport-Security: max-age=31536000\r\n"))
                let session = ["Cookie": "__Host-flotilla_session=\(cookie.map { String($0.1) } ?? "")"]
                let page = try await TLSClient.exchange(port: web, "GET", "/dashboard", headers: session)
                #expect(page.answer.hasPrefix("HTTP/1.1 200 OK"))
                for port in [api, web] {
                    for version in ["-tls1_2", "-tls1_3"] {
                        let modern = try await TLSClient.exchange(port: port, "GET", "/", options: [version])
                        #expect(modern.answer.hasPrefix("HTTP/1.1 "), "\(version)")
                        #expect(modern.answer.contains("\r\nStrict-Transport-Security: max-age=31536000\r\n"))
                    }
                    for version in ["-tls1", "-tls1_1"] {
                        // At the default security level, the client itself refuses to use them.
                        let options = [version, "-cipher", "DEFAULT@SECLEVEL=0"]
                        let old = try await TLSClient.exchange(port: port, "GET", "/", options: options)
                        #expect(old.answer.isEmpty, "\(version)")
                        #expect(old.handshake.contains("alert protocol version"), "\(old.handshake)")
                    }
                    let plain = try? await RawHTTP(port: port).send("GET", "/healthz")
                    #expect(plain == nil)
                }
            }
        }
    }

    @Test func `a server with a mismatched key does not start`() async throws {
        try await CertificateFolder.with("first") { folder in
            try await folder.replaceCertificate(with: "second")
            let server = try ServerProcess(environment: Site.environment("host=/nowhere", folder.settings))
            let (status, errors) = await server.end()
            #expect(status == 2)
            #expect(errors.hasPrefix("flotilla-server: TLS_CERTIFICATE, TLS_KEY: found a key in '"), "\(errors)")
        }
    }
}
