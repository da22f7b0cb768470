@testable import ContractRuntime

extension FuzzTarget {
    /// A media type and a body: the JSON is valid, and written parts read as the same value.
    static let multipart = FuzzTarget(name: "multipart") { bytes in
        let parts = bytes.parts
        let contentType = String(decoding: parts[0], as: UTF8.self)
        let body = parts.dropFirst().first.map(Array.init) ?? []
        for shape in TextShape.fuzzed {
            guard let json = try? Multipart.json(of: body, contentType: contentType, shape: shape) else { continue }
            expectJSON(json)
        }
        let names = parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
        var members: [JSONMember] = []
        for name in names where !members.contains(where: { $0.name == name }) && !name.hasSuffix("[]") {
            members.append(JSONMember(name: name, value: .string(contentType)))
        }
        // Forms write line ends and quotes in names as %0D, %0A and %22. Readers do not decode them.
        guard
            members.allSatisfy({
                !$0.name.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
            })
        else {
            return
        }
        let shape = TextShape.object([:], others: .text)
        let written = Multipart.body(of: .object(members), shape: shape)
        let again = try? Multipart.json(
            of: written.bytes,
            contentType: "multipart/form-data; boundary=\(written.boundary)",
            shape: shape
        )
        let value = again.flatMap(JSONValue.init(fuzzed:))
        expect(
            members.isEmpty || value == .object(members),
            "another value was read back: \(again.map { String(decoding: $0, as: UTF8.self) } ?? "none")"
        )
    }
}
