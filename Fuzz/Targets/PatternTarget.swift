import Patterns

extension FuzzTarget {
    /// A regular expression and a text. libFuzzer's time limit detects superlinear time.
    static let pattern = FuzzTarget(name: "pattern") { bytes in
        let parts = bytes.parts
        let source = String(decoding: parts[0], as: UTF8.self)
        do throws(PatternError) {
            let pattern = try Pattern(source)
            let text = String(decoding: parts.dropFirst().first ?? [], as: UTF8.self)
            let once = pattern.matches(text)
            expect(pattern.matches(text) == once, "the result of the match is not deterministic")
            // Patterns are not anchored (ECMA-262, RegExp.prototype.test): without anchors, a longer text still matches.
            if once, !source.utf8.contains(where: { "^$\\(".utf8.contains($0) }) {
                expect(pattern.matches("x\(text)\n"), "a longer text does not match")
            }
        } catch {
            expect(
                !error.message.isEmpty && error.offset <= source.unicodeScalars.count,
                "the offset of the error is past the end"
            )
        }
    }
}
