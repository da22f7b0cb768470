@testable import ContractRuntime

extension FuzzTarget {
    /// Header fields: media types, dates, hosts, origins, percent-encoding.
    static let header = FuzzTarget(name: "header") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        for name in ["boundary", "charset", "name", "q"] { _ = MediaType.parameter(name, of: text) }
        expect(!MediaType.essence(text).utf8.contains(UInt8(ascii: ";")), "a media type with its parameters")
        let known = ["application/json", "multipart/form-data", "text/*", "*/*"]
        if let place = MediaType.place(of: text, among: known) {
            expect(known.indices.contains(place), "no such place")
        }

        if let time = Timestamp(httpDate: text) {
            expect(Timestamp(httpDate: time.httpDate) == time, "another time was read back from \(time.httpDate)")
        }

        let encoded = PercentEncoding.encode(text)
        expect(PercentEncoding.decode(encoded) == text, "another text was decoded")
        _ = PercentEncoding.decode(text, isForm: true)
        _ = FormField.cookies(of: text)

        if let authority = Authority(bytes) {
            let host = authority.host.utf8.contains(UInt8(ascii: ":")) ? "[\(authority.host)]" : authority.host
            let again = Authority("\(host)\(authority.port.map { ":\($0)" } ?? "")".utf8)
            expect(again == authority, "another host was read back from \(authority)")
        }
        let hosts = HostList(listeningOn: "127.0.0.1", published: [])
        if let origin = Origin(text) { expect(!hosts.publishes(origin), "an origin that is not published") }
        if let entry = HostList.PublicHost(text) {
            expect(
                HostList(listeningOn: "::", published: [entry]).serves(entry.authority),
                "the host list rejects its own entry"
            )
        }
        if let address = IPAddress(text) { expect(IPAddress("\(address)") == address, "another address: \(address)") }
    }
}
