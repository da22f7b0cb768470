import Testing

@testable import ContractCompiler

@Suite struct YAMLReaderTests {
    private func read(_ text: String) throws(ReadingError) -> Node {
        try YAMLReader.read(SourceFile(path: "/x.yaml", displayPath: "x.yaml", bytes: Array(text.utf8)))
    }

    private func error(_ text: String) -> String? {
        do throws(ReadingError) {
            _ = try read(text)
            return nil
        } catch {
            return "\(error.location): \(error.message)"
        }
    }

    @Test(arguments: [
        ("null", Node.Scalar.Kind.null), ("~", .null), ("True", .boolean), ("false", .boolean), ("no", .string),
        ("on", .string),
        ("0", .number), ("-1.5e3", .number), (".5", .number), ("0x1F", .number), ("0o17", .number), ("017", .number),
        (".inf", .number), ("1_000", .string), ("2024-01-01", .string), ("12:30", .string), ("0b1", .string),
        ("\"1\"", .string),
        ("'true'", .string), ("!!str 1", .string), ("1.2.3", .string), ("e5", .string), (".", .string), ("-", .string),
    ])
    func `scalars follow the YAML 1_2 core schema`(text: String, kind: Node.Scalar.Kind) throws {
        if text == "-" { return #expect(try read(text).items?.count == 1) }
        #expect(try read(text).scalar?.kind == kind)
    }

    @Test func `every node has its location`() throws {
        let root = try read("a:\n  - x\n  - é: [1, {b: 2}]\n")
        let node = try #require(root.node(at: "/a/1/é/1/b"))
        #expect(node.pointer == "/a/1/é/1/b")
        #expect("\(node.location)" == "x.yaml:3:16")
        #expect(node.integer == 2)
    }

    @Test func `an alias is replaced by the node that it refers to`() throws {
        #expect(try read("a: &x {b: 1}\nc: *x").node(at: "/c/b")?.integer == 1)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", "x.yaml:3:1: the key 'a' is given twice"),
        ("a: &x [*x]", "x.yaml:1:8: the alias '*x' is inside of the node that it refers to"),
        ("a: *x", "x.yaml:1:4: the anchor '&x' is not defined before this alias"),
        ("a: 1\n---\nb: 2", "x.yaml:2:1: a second document; a file must contain one"),
        ("[1]: 2", "x.yaml:1:1: a key that is not a string"),
        ("a: !!binary x", "x.yaml:1:4: the tag 'tag:yaml.org,2002:binary' is not allowed in a contract"),
        ("a: [1", "x.yaml:2:1: while parsing a flow sequence: did not find expected ',' or ']'"),
        ("a:\n\t- b", "x.yaml:2:1: while scanning for the next token: found character that cannot start any token"),
    ])
    func `an unreadable text is rejected with its location`(text: String, message: String) {
        #expect(error(text) == message)
    }

    @Test func `nesting and expansion have limits`() {
        #expect(error(String(repeating: "[", count: 100_000))?.hasSuffix("more than 256 levels of nesting") == true)
        var bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n"
        for level in 1...8 {
            bomb += "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ","))]\n"
        }
        #expect(error(bomb)?.hasSuffix("more than 1000000 nodes after aliases are expanded") == true)
    }
}
