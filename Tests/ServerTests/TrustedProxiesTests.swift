import NIOHTTP1
import Testing

@testable import Server

/// The address of a request's client, according to proxies.
@Suite struct TrustedProxiesTests {
    private let proxies = TrustedProxies(
        ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7"].compactMap { TrustedProxies.Network($0) }
    )

    @Test(arguments: [
        ([:], "10.0.0.1"),
        (["X-Forwarded-For": "198.51.100.1"], "198.51.100.1"),
        // The client itself wrote the first one.
        (["X-Forwarded-For": "203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        (["X-Forwarded-For": "198.51.100.1, 10.9.9.9 ,192.0.2.7"], "198.51.100.1"),
        (["X-Forwarded-For": "198.51.100.1:4711"], "198.51.100.1"),
        (["X-Forwarded-For": "2001:DB8::1"], "2001:db8::1"),
        (["X-Forwarded-For": "[2001:db8::1]:80, 2001:db8:ffff::2"], "2001:db8::1"),
        (["X-Forwarded-For": "::ffff:198.51.100.1"], "198.51.100.1"),
        // All of them are proxies: the first one counts.
        (["X-Forwarded-For": "10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        (["X-Forwarded-For": "198.51.100.1, unknown, 10.2.2.2"], "10.2.2.2"),
        (["X-Forwarded-For": ""], "10.0.0.1"), (["X-Forwarded-For": "nonsense"], "10.0.0.1"),
        (["X-Forwarded-For": "127.0.0.1\u{0}evil"], "10.0.0.1"),
        (["Forwarded": "for=198.51.100.1;proto=https"], "198.51.100.1"),
        (["Forwarded": "for=1.2.3.4, proto=https; For=\"[2001:db8::1]:80\" ;by=_x"], "2001:db8::1"),
        (["Forwarded": "for=198.51.100.1, proto=https"], "10.0.0.1"),
        (["Forwarded": "for=_hidden, for=10.3.3.3"], "10.3.3.3"),
        (["Forwarded": "for=198.51.100.1", "X-Forwarded-For": "198.51.100.1"], "198.51.100.1"),
        // Only one of the two comes from the proxy.
        (["Forwarded": "for=203.0.113.9", "X-Forwarded-For": "198.51.100.1"], "10.0.0.1"),
    ])
    func `the client is the last hop that is not a trusted proxy`(fields: [String: String], client: String) {
        #expect(proxies.client(before: "10.0.0.1", HTTPHeaders(fields.map { ($0.key, $0.value) })) == client)
    }

    @Test func `several fields form one list`() {
        let headers = HTTPHeaders([("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1")])
        #expect(proxies.client(before: "10.0.0.1", headers) == "198.51.100.1")
    }

    @Test func `only configured networks are trusted`() {
        for address in ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:ffff:1::9", "192.0.2.7"] {
            #expect(proxies.contains(address), "\(address)")
        }
        for address in ["11.0.0.1", "2001:db8:fffe::1", "192.0.2.8", "", "127.0.0.1", "::a00:1"] {
            #expect(!proxies.contains(address), "\(address)")
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "proxy.example", "10.0.0.0/8/8", "/8"] {
            #expect(TrustedProxies.Network(text) == nil, "\(text)")
        }
    }
}
