@testable import ContractRuntime

extension FuzzTarget {
    /// Form bodies: the JSON is valid, and a written form reads as the same value.
    static let form = FuzzTarget(name: "form") { bytes in
        for shape in TextShape.fuzzed {
            guard let json = try? FormBody.json(of: bytes, shape: shape) else { continue }
            expectJSON(json)
        }
        guard let json = try? FormBody.json(of: bytes, shape: .object([:], others: .text)),
            let value = JSONValue(fuzzed: json)
        else { return }
        let text = FormBody.text(of: value)
        expect(
            text.utf8.allSatisfy { $0 < 0x80 && $0 > 0x20 && $0 != UInt8(ascii: "\"") },
            "the form is not escaped: \(text)"
        )
        guard case .object(let members) = value, members.allSatisfy(\.isFlat) else { return }
        let again = try? FormBody.json(of: Array(text.utf8), shape: .object([:], others: .text))
        expect(again.flatMap(JSONValue.init(fuzzed:)) == value, "another value was read back from \(text)")
    }
}

extension JSONMember {
    /// Whether writing the form again preserves it: the name must have no brackets.
    fileprivate var isFlat: Bool {
        guard case .string = value else { return false }
        return !name.utf8.contains { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }
    }
}

extension JSONValue {
    /// Reads a text that may contain U+0000.
    init?(fuzzed bytes: [UInt8]) {
        let value = try? JSONReader.read(bytes, allowsNUL: true, direction: .any, rule: nil) {
            (json: inout JSONReader) throws(JSONSyntaxError) in try json.value()
        }
        guard let value else { return nil }
        self = value
    }
}

extension TextShape {
    /// One shape of each kind.
    static let fuzzed: [TextShape] = [
        .text, .any, .json, .array(.literal), .object([:], others: .any),
        .object(["a": .array(.text), "b": .object(["c": .literal]), "f": .file, "j": .json], others: .array(.any)),
    ]
}

/// Checks that parameters and forms become valid JSON. Only duplicate names and U+0000 are left to the value reader.
func expectJSON(_ json: [UInt8]) {
    do throws(InvalidInput) {
        _ = try JSONReader.read(json, allowsNUL: true, direction: .any, rule: nil) {
            (json: inout JSONReader) throws(JSONSyntaxError) in try json.value()
        }
    } catch {
        let message = error.violations.first?.message ?? ""
        expect(
            message.contains("twice") || message.contains("nest"),
            "\(message): \(String(decoding: json, as: UTF8.self))"
        )
    }
}
