import Foundation
import Generated
import Testing

@testable import Server

@Suite struct ServerConfigurationTests {
    @Test func `the defaults are those of the documentation`() throws {
        let configuration = try ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "t"]))
        #expect(configuration.databaseURL == nil)
        #expect(configuration.dataDirectory.path == ".flotilla")
        #expect(configuration.apiAddress?.host == "127.0.0.1")
        #expect(configuration.apiAddress?.port == 8000)
        #expect(configuration.webAddress?.port == 3000)
        #expect(configuration.databaseConnections == 8)
        #expect(configuration.heartbeatStaleSeconds == 90)
    }

    @Test(arguments: [
        ([:], "ADMIN_TOKEN: found nothing, expected the admin token"),
        (["ADMIN_TOKEN": ""], "ADMIN_TOKEN: found nothing, expected the admin token"),
        (["API_ADDRESS": "8000"], "API_ADDRESS: found '8000', expected HOST:PORT or off"),
        (["WEB_ADDRESS": "::1:80"], "WEB_ADDRESS: found '::1:80', expected HOST:PORT or off"),
        (["API_HEALTH_URL": "api:8000"], "API_HEALTH_URL: found 'api:8000', expected an http or https URL"),
        (["DATABASE_CONNECTIONS": "0"], "DATABASE_CONNECTIONS: found '0', expected a whole number from 1 to 256"),
        (
            ["HEARTBEAT_STALE_SECONDS": "soon"],
            "HEARTBEAT_STALE_SECONDS: found 'soon', expected a whole number from 30 to 3600"
        ),
        (
            ["LOG_LEVEL": "loud"],
            "LOG_LEVEL: found 'loud', expected one of trace, debug, info, notice, warning, error, critical"
        ),
        (["LOG_FORMAT": "xml"], "LOG_FORMAT: found 'xml', expected one of text, json"),
        (["TLS_KEY": "key.pem"], "TLS_CERTIFICATE: found nothing, expected a file, because TLS_KEY is set"),
        (
            ["ALLOW_INSECURE": "plain-http,everything"],
            "ALLOW_INSECURE: found 'everything', "
                + "expected open-agents or weak-token or plain-http, comma-separated"
        ),
        (["WEBHOOK_URL": "ftp://x"], "WEBHOOK_URL: found an invalid value, expected an http or https URL"),
        (
            ["BOOKS_CURRENCY": "A CURRENCY TOO LONG"],
            "BOOKS_CURRENCY: found 'A CURRENCY TOO LONG', expected a currency of at most 16 characters"
        ),
        (["RECONCILE_TOLERANCE": "-1"], "RECONCILE_TOLERANCE: found '-1', expected a decimal number, not negative"),
        (["AGENT_AUTH": "closed"], "AGENT_AUTH: found 'closed', expected one of open, required"),
    ])
    func `an unusable value is reported with the expected one`(values: [String: String], message: String) {
        let complete = values.isEmpty ? values : ["ADMIN_TOKEN": "t"].merging(values) { _, new in new }
        let error = #expect(throws: ConfigurationError.self) { try ServerConfiguration(Variables(values: complete)) }
        #expect(error?.description == message)
    }

    @Test func `a listener can be switched off, and an IPv6 address has brackets`() throws {
        let configuration = try ServerConfiguration(
            Variables(values: ["ADMIN_TOKEN": "t", "WEB_ADDRESS": "off", "API_ADDRESS": "[::1]:0"])
        )
        #expect(configuration.webAddress == nil)
        #expect(configuration.apiAddress?.host == "::1")
    }

    @Test(arguments: ServerBuild.variablesOfFull)
    func `a server without TLS refuses a configuration that needs it`(variable: String) throws {
        let value = variable == "PUSH_KEY" ? String(repeating: "1", count: 64) : "https://secret.example"
        var values = ["ADMIN_TOKEN": "t", variable: value]
        if variable.hasPrefix("TLS") { values["TLS_CERTIFICATE"] = "c.pem"; values["TLS_KEY"] = "k.pem" }
        if variable == "OIDC_ISSUER" { values["OIDC_CLIENT_ID"] = "flotilla"; values["OIDC_ROLES"] = "desk:operator" }
        let error = #expect(throws: ConfigurationError.self) {
            try ServerConfiguration(Variables(values: values), for: .withoutTLS)
        }
        let first = variable.hasPrefix("TLS") ? "TLS_CERTIFICATE" : variable
        #expect(
            error?.description == """
                \(first): found a value, expected none, because this server was built without TLS and an HTTP client; \
                start it with ./flotilla up --full
                """
        )
        _ = try ServerConfiguration(Variables(values: values), for: .full)
    }

    @Test(arguments: [
        ("PUSH_KEY", "secret", "an invalid value, expected 64 hexadecimal digits, as openssl rand -hex 32 prints them"),
        ("PUSH_CONTACT", "ops@example.com", "'ops@example.com', expected a URL that begins with mailto: or https://"),
        ("PUSH_SERVICES", "push.example.com", "'push.example.com', expected http[s]://HOST[:PORT], comma-separated"),
    ])
    func `malformed settings of web push are reported, and no secret`(name: String, value: String, problem: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "t", name: value]), for: .full)
        }
        #expect(error?.description == "\(name): found \(problem)")
    }

    @Test(
        arguments: [
            (
                "OIDC_ISSUER", "http://id.example",
                "OIDC_ISSUER: found 'http://id.example', expected an https URL, or an http URL of this machine"
            ),
            ("OIDC_ISSUER", nil, "OIDC_ISSUER: found nothing, expected the issuer's URL"),
            ("OIDC_CLIENT_ID", nil, "OIDC_CLIENT_ID: found nothing, expected the client's id at the provider"),
            (
                "OIDC_ROLES", nil,
                "OIDC_ROLES: found nothing, expected GROUP:ROLE with the roles viewer, operator, admin, approver"
            ),
            ("OIDC_ROLES", "desk:boss", "OIDC_ROLES: found 'desk:boss', expected GROUP:ROLE, comma-separated"),
            ("OIDC_ROLES", ":viewer", "OIDC_ROLES: found ':viewer', expected GROUP:ROLE, comma-separated"),
            ("OIDC_SCOPES", "profile", "OIDC_SCOPES: found 'profile', expected scopes with openid"),
            (
                "OIDC_CLIENT_SECRET_FILE", "/nowhere/secret",
                "OIDC_CLIENT_SECRET_FILE: found an unreadable or empty file, expected a file with the client's secret"
            ),
        ] as [(String, String?, String)]
    )
    func `malformed settings of the OpenID provider are reported`(name: String, value: String?, problem: String) {
        var values = [
            "ADMIN_TOKEN": "t", "OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "flotilla",
            "OIDC_ROLES": "desk:operator",
        ]
        values[name] = value
        let error = #expect(throws: ConfigurationError.self) {
            try ServerConfiguration(Variables(values: values), for: .full)
        }
        #expect(error?.description == problem)
    }

    @Test func `groups have roles, and their names may contain spaces and colons`() throws {
        let configuration = try ServerConfiguration(
            Variables(values: [
                "ADMIN_TOKEN": "t", "OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "flotilla",
                "OIDC_ROLES": "Risk team:approver, urn:x:desk:operator,desk:viewer,desk:admin",
                "SESSION_IDLE_MINUTES": "0",
            ]),
            for: .full
        )
        let openID = try #require(configuration.openID)
        #expect(openID.roles(of: ["Risk team"]) == [.approver])
        #expect(openID.roles(of: ["desk", "urn:x:desk", "other"]) == [.viewer, .operator, .admin])
        #expect(openID.roles(of: ["risk team", "Desk", ""]) == [])
        #expect(configuration.sessionIdleSeconds == nil && configuration.stepUpSeconds == 900)
    }

    @Test func `every variable with a URL, a certificate or a collector needs the full build, except databases`() {
        let words = ["URL", "TLS", "ENDPOINT", "PUSH_KEY", "ISSUER"]
        let named = ConfigurationReference.described.filter { name in words.contains { name.contains($0) } }
        #expect(
            named.subtracting(["DATABASE_URL", "MIGRATION_DATABASE_URL", "ANALYTICS_DATABASE_URL"])
                == Set(ServerBuild.variablesOfFull)
        )
    }

    @Test func `a server without TLS starts with the defaults`() throws {
        _ = try ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "t"]), for: .withoutTLS)
    }

    @Test func `the reference contains every variable, and the document equals the reference`() throws {
        let log = VariableLog()
        _ = try ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "reference"], log: log))
        #expect(Set(log.entries.map(\.name)) == ConfigurationReference.described)
        let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/configuration.md"
        )
        #expect(try String(contentsOf: document, encoding: .utf8) == ConfigurationReference.markdown)
    }

    @Test func `the example contains exactly the existing variables, with their defaults`() throws {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../.env.example")
        let lines = try String(contentsOf: example, encoding: .utf8).split(separator: "\n").compactMap { line in
            line.drop { $0 == "#" }.wholeMatch(of: /([A-Z_]+)=(.*)/)
        }
        #expect(lines.map { String($0.1) }.sorted() == ConfigurationReference.described.sorted())
        let log = VariableLog()
        _ = try ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "reference"], log: log))
        for entry in log.entries {
            guard let standard = entry.standard else { continue }
            let line = lines.first { String($0.1) == entry.name }
            #expect(line.map { String($0.2) } == standard, "\(entry.name)")
        }
    }
}
