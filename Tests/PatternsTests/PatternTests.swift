import Foundation
import Patterns
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("a", "cat", true), ("^a", "cat", false), ("t$", "cat", true), ("t$", "cat\n", false), ("", "", true),
        ("a|b|", "x", true),
        ("^(ab)*$", "abab", true), ("^(ab)*$", "aba", false), ("^a{2,3}$", "aaa", true), ("^a{2,3}$", "aaaa", false),
        ("^a{2,}$", "aaaaa", true), ("^a{0}$", "", true), ("^[^a-c]$", "d", true), ("^[^a-c]$", "b", false),
        ("^[]$", "", false),
        ("^[a\\-z]$", "-", true), ("^[a\\-z]$", "b", false), ("^[\\d-]$", "-", true), ("^.$", "\u{2028}", false),
        ("^.$", "😀", true),
        ("^\\w$", "é", false), ("^\\W$", "é", true), ("^\\d$", "߀", false), ("^\\s$", "\u{FEFF}", true),
        ("^\\S$", "\u{180E}", true),
        ("\\bcat\\b", "a cat sat", true), ("\\bcat\\b", "concat", false), ("\\Bcat", "concat", true),
        ("^\\p{Letter}cole$", "École", true), ("^\\p{Lu}\\P{Lu}$", "Ab", true), ("^\\p{digit}$", "߀", true),
        ("^\\u{1F600}$", "😀", true),
        ("^\\ud83d\\ude00$", "😀", true), ("^\\x41\\cI\\0$", "A\t\0", true), ("(?=.*b)^a", "acb", true),
        ("(?!.*b)^a", "acb", false),
        ("(?<=a)b", "ab", true), ("(?<=ab)c", "abc", true), ("(?<!a)b", "ab", false), ("(?<!^a)b", "cab", true),
        ("^(?=a(?!c)).*b$", "abb", true), ("^(?=a(?!b)).*b$", "abb", false), ("(?=(?<=a)b)b", "ab", true),
        ("(?<year>\\d{4})", "in 2026", true),
        ("^(?:a|ab)(?:c|bcd)$", "abcd", true), ("a+?b", "aab", true), ("^(a*)*$", "aaab", false),
        ("^AC[0-9a-fA-F]{3}$", "AC0fF", true),
        ("^[\\d-z]{2}$", "-7", true), ("a{", "a{", true), ("^\\-\\_\\@$", "-_@", true), ("^{[^}]*}$", "{id}", true),
        ("^[^\\u0000]*$", "a\u{0}b", false), ("^[^\\u0000]*$", "é", true), ("^[^\\u0000]*$", "é\u{0}", false),
        ("^[^\\u0600]*$", "\u{600}<", false), ("^[^\\u0301]*$", "e\u{301}", false), ("^[@-Z]*$", "AZ@", true),
        ("^[@-Z]*$", "?", false), ("^[@-Z]*$", "[", false), ("^[a-z]*$", "", true),
    ])
    func `an expression matches as in ECMA-262`(source: String, text: String, isMatch: Bool) throws {
        #expect(try Pattern(source).matches(text) == isMatch)
    }

    @Test(arguments: [
        ("a**", "'*' where a character or a group was expected at character 3"),
        ("(a", "'(' without ')' at character 1"),
        ("a)", "')' without '(' at character 2"), ("[a", "'[' without ']' at character 1"),
        ("[z-a]", "a range that ends before it starts at character 2"),
        ("a{2,1}", "the minimum count is above the maximum count at character 2"),
        ("^*", "a quantifier without anything to repeat at character 1"),
        ("(?=a)*", "a quantifier without anything to repeat at character 1"),
        ("\\Z", "'\\Z' is not an escape sequence at character 1"),
        ("\\a", "'\\a' is not an escape sequence at character 1"),
        ("(a)\\1", "back-references are not supported at character 4"),
        ("\\p{Script=Greek}", "the Unicode property 'Script=Greek' is not supported at character 1"),
        ("\\", "a backslash at the end at character 1"),
        ("(?i)a", "unknown kind of group at character 1"),
        ("\\ud800", "unpaired surrogate at character 1"),
        (
            "(?:(?:(?:){10000}){10000}){10000}",
            "the expression is too large after its repetitions are expanded at character 1"
        ),
        ("((?=a{9999})){9999}", "the expression is too large after its repetitions are expanded at character 1"),
        (
            "(((a{1000}){1000}){1000})",
            "the expression is too large after its repetitions are expanded at character 1"
        ),
    ])
    func `an invalid expression is rejected with its position`(source: String, message: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(source) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        "^(a+)+$", "^(a|aa)+$", "^(.*a){20}$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?=.*(?=.*(?=.*b)))c",
        "(?<=^(a*)*)b", "(?!(a+)+!)b",
    ])
    func `no expression backtracks`(source: String) throws {
        // A backtracking engine needs about 2^2000 steps here.
        #expect(try !Pattern(source).matches(String(repeating: "a", count: 2_000) + "!"))
    }

    @Test func `an expression may have many alternatives`() throws {
        let pattern = try Pattern("^(" + (0..<2_000).map { "w\($0)" }.joined(separator: "|") + ")$")
        #expect(pattern.matches("w1999"))
        #expect(!pattern.matches("w2000"))
    }

    @Test func `nesting has a limit`() {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "(", count: 100_000)) }
    }
}
