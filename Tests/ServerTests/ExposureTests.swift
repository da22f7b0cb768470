import Foundation
import TestSupport
import Testing

@testable import Server

/// A server that other machines can reach starts only with a safe configuration, or with explicitly allowed insecure settings.
@Suite struct ExposureTests {
    private static let secret = "0c7be9a3f1d25c84"
    private static let safe = [
        "ADMIN_TOKEN": secret, "AGENT_AUTH": "required", "TLS_CERTIFICATE": "chain.pem", "TLS_KEY": "key.pem",
        "API_ADDRESS": "0.0.0.0:8000", "WEB_ADDRESS": "0.0.0.0:3000",
    ]

    private func check(_ values: [String: String]) throws {
        try ServerConfiguration(Variables(values: Self.safe.merging(values) { _, new in new })).checkExposure()
    }

    @Test(arguments: [
        [:], ["AGENT_AUTH": "open", "ALLOW_INSECURE": "open-agents"],
        ["TLS_CERTIFICATE": "", "TLS_KEY": "", "ALLOW_INSECURE": "plain-http"],
        ["ADMIN_TOKEN": "t", "ALLOW_INSECURE": "weak-token"],
        [
            "ADMIN_TOKEN": "t", "AGENT_AUTH": "open", "TLS_CERTIFICATE": "", "TLS_KEY": "",
            "ALLOW_INSECURE": "weak-token, open-agents ,plain-http",
        ],
        // Reachable only from this machine.
        [
            "ADMIN_TOKEN": "t", "AGENT_AUTH": "open", "TLS_CERTIFICATE": "", "TLS_KEY": "",
            "API_ADDRESS": "127.8.9.10:8000", "WEB_ADDRESS": "[::1]:3000",
        ],
        ["AGENT_AUTH": "open", "API_ADDRESS": "localhost:8000"], ["AGENT_AUTH": "open", "API_ADDRESS": "off"],
    ])
    func `safe or intended settings start`(values: [String: String]) throws {
        try check(values)
    }

    @Test(arguments: [
        (
            ["AGENT_AUTH": "open"],
            "API_ADDRESS, WEB_ADDRESS: found '0.0.0.0:8000', '0.0.0.0:3000', which other machines can reach, with "
                + "AGENT_AUTH=open, expected AGENT_AUTH=required; or ALLOW_INSECURE=open-agents if this is intended"
        ),
        (
            ["TLS_CERTIFICATE": "", "TLS_KEY": "", "API_ADDRESS": "off", "WEB_ADDRESS": "[::]:3000"],
            "WEB_ADDRESS: found '[::]:3000', which other machines can reach, with plain HTTP, "
                + "expected TLS_CERTIFICATE and TLS_KEY; or ALLOW_INSECURE=plain-http if this is intended"
        ),
        (
            ["ADMIN_TOKEN": "t", "API_ADDRESS": "127.0.0.1:8000", "WEB_ADDRESS": "10.0.0.5:3000"],
            "WEB_ADDRESS: found '10.0.0.5:3000', which other machines can reach, with an ADMIN_TOKEN that has fewer than "
                + "12 characters, expected a random ADMIN_TOKEN, such as that of `openssl rand -hex 24`; "
                + "or ALLOW_INSECURE=weak-token if this is intended"
        ),
        (
            [
                "ADMIN_TOKEN": "password-123456", "AGENT_AUTH": "open", "TLS_CERTIFICATE": "", "TLS_KEY": "",
                "WEB_ADDRESS": "off", "API_ADDRESS": "flotilla.example:80", "ALLOW_INSECURE": "plain-http",
            ],
            "API_ADDRESS: found 'flotilla.example:80', which other machines can reach, with AGENT_AUTH=open, "
                + "an ADMIN_TOKEN that consists of common words, expected AGENT_AUTH=required; "
                + "a random ADMIN_TOKEN, such as that of `openssl rand -hex 24`; "
                + "or ALLOW_INSECURE=open-agents,weak-token if this is intended"
        ),
    ])
    func `unsafe settings are listed with instructions`(values: [String: String], message: String) {
        let error = #expect(throws: ConfigurationError.self) { try check(values) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        "", "t", "admin", "0c7be9a3f1d", "aaaaaaaaaaaaaaaa", "abababababababab", "123456789012", "abcdefghijklmnop",
        "987654321098", "AdminAdminAdmin", "changemechangeme", "change-me-please", "Password1234", "P-a-s-s-w-o-r-d-1",
        "a-token-to-try-it", "this-is-my-secret-token", "qwertyuiop[]", "password1234567890", "flotilla-admin-2026",
        "test-test-test-test", "00000000000000000000000000000001",
    ])
    func `an easily guessed token is weak`(token: String) {
        #expect(TokenWeakness(token) != nil)
    }

    @Test(arguments: [
        "0c7be9a3f1d25c84", "correct horse battery staple", "flt_0Kq3Vt9aZ", "483019485720", "admin-83hd92kq0s7x",
        "пароль-моего-сервера", "3f9c0a1b2c3d",
    ])
    func `a token that is hard to guess is not weak`(token: String) {
        #expect(TokenWeakness(token)?.text == nil)
    }

    @Test(arguments: [
        ([:], false), (["API_ADDRESS": "[::1]:8000"], false), (["API_ADDRESS": "off"], false),
        (["API_ADDRESS": "0.0.0.0:8000"], true), (["API_ADDRESS": "flotilla.example:8000"], true),
        (["API_ADDRESS": "0.0.0.0:8000", "ALLOW_INSECURE": "plain-http"], true),
        (["API_ADDRESS": "0.0.0.0:8000", "ALLOW_INSECURE": "open-agents"], false),
        (["API_ADDRESS": "0.0.0.0:8000", "AGENT_AUTH": "open"], false), (["AGENT_AUTH": "required"], true),
    ])
    func `agents need tokens where other machines reach the API`(values: [String: String], isRequired: Bool) throws {
        let variables = Variables(values: values.merging(["ADMIN_TOKEN": Self.secret]) { $1 })
        #expect(try ServerConfiguration(variables).requiresAgentTokens == isRequired)
    }

    @Test func `only the listeners of this process count`() throws {
        let open = Self.safe.merging(["AGENT_AUTH": "open"]) { _, new in new }
        let configuration = try ServerConfiguration(Variables(values: open))
        try configuration.checkExposure(of: [.dashboard])
        #expect(throws: ConfigurationError.self) { try configuration.checkExposure(of: [.api]) }
    }

    @Test func `the program reports it and exits`() async throws {
        let server = try ServerProcess(environment: [
            "DATABASE_URL": "host=/nowhere", "ADMIN_TOKEN": Self.secret, "API_ADDRESS": "0.0.0.0:0",
            "WEB_ADDRESS": "off",
        ])
        let (status, errors) = await server.end()
        #expect(status == 2)
        #expect(errors.hasPrefix("flotilla-server: API_ADDRESS: found '0.0.0.0:0', which other machines can reach"))
        #expect(errors.hasSuffix("or ALLOW_INSECURE=plain-http if this is intended\n"))
        #expect(!errors.contains(Self.secret))
    }

    @Test func `the image needs an explicit choice to start, and compose makes one`() throws {
        let image = try variables("deploy/Containerfile", #/([A-Z_]+)=(\S+)/#) { $0.hasPrefix("ENV ") }
        #expect(image["API_ADDRESS"] == "0.0.0.0:8000")
        let unsafe = ["ADMIN_TOKEN": Self.secret].merging(image) { _, new in new }
        #expect(throws: ConfigurationError.self) { try ServerConfiguration(Variables(values: unsafe)).checkExposure() }
        let compose = try variables("compose.yaml", #/^ +([A-Z_]+): (?:\$\{[A-Z_]+:-)?([^$}]+)\}?$/#) { _ in true }
        #expect(compose["AGENT_AUTH"] == "open")
        let chosen = unsafe.merging(compose) { _, new in new }
        try ServerConfiguration(Variables(values: chosen)).checkExposure()
    }

    /// The variables that a file of the repository sets, in lines that `isRelevant` selects.
    private func variables(
        _ path: String,
        _ pattern: Regex<(Substring, Substring, Substring)>,
        _ isRelevant: (Substring) -> Bool
    ) throws -> [String: String] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../\(path)")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter(isRelevant)
        let pairs = lines.flatMap { $0.matches(of: pattern) }.map { (String($0.1), String($0.2)) }
        return Dictionary(pairs) { first, _ in first }
    }
}
