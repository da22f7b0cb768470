import ContractCompiler
import ContractRuntime

extension FuzzTarget {
    /// Both JSON readers agree, and written JSON reads as the same value.
    static let json = FuzzTarget(name: "json") { bytes in
        let value = read(bytes)
        let file = SourceFile(path: "fuzz.json", displayPath: "fuzz.json", bytes: bytes)
        do throws(ReadingError) {
            let node = try Node.readJSON(file)
            expect(value != nil || node.depth > JSONReader.maximumDepth, "only the compiler's reader accepts the input")
        } catch {
            // The compiler rejects names that only look equal.
            expect(
                value == nil || error.message.hasSuffix("is given twice"),
                "only the runtime's reader accepts the input: \(error.message)"
            )
        }
        guard let value else { return }
        let written = JSONWriter.write(value)
        guard let again = read(written) else { return expect(false, "the written JSON cannot be read") }
        expect(again == value, "another value was read back")
        expect(JSONWriter.write(again) == written, "the same value is written differently")
        expect(Set([value, again]).count == 1, "equal values have different hashes")
    }

    private static func read(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONReader.read(bytes, allowsNUL: true, direction: .any, rule: nil) {
            (json: inout JSONReader) throws(JSONSyntaxError) in try json.value()
        }
    }
}

extension Node {
    fileprivate var depth: Int {
        switch value {
        case .mapping(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        case .sequence(let items): 1 + (items.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}
