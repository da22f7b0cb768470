import Foundation
import TestSupport
import Testing

@testable import SchemaCheck

/// The line protocol of `schema-check serve`, and `yaml2json`.
@Suite struct ServeTests {
    private static func answer(_ request: String) -> String { ValidationRequest.response(to: Array(request.utf8)) }

    private static func verdicts(_ request: String) throws -> [Bool?] {
        let answer = try JSONSerialization.jsonObject(with: Data(answer(request).utf8)) as? [String: Any]
        return (answer?["results"] as? [[String: Any]] ?? []).map { $0["valid"] as? Bool }
    }

    @Test func `each instance gets a result, in order`() throws {
        let registry = #"{"https://example.test/port":{"type":"integer","minimum":1}}"#
        let request =
            #"{"schema":{"$ref":"https://example.test/port"},"registry":\#(registry),"instances":[443,0,"x"]}"#
        #expect(try Self.verdicts(request) == [true, false, false])
        #expect(try Self.verdicts(#"{"schema":true,"instances":[]}"#) == [])
        #expect(try Self.verdicts(#"{"schema":false,"instances":[1],"more":"ignored"}"#) == [false])
    }

    @Test func `errors have locations`() {
        let answer = Self.answer(#"{"schema":{"properties":{"a":{"maximum":1}}},"instances":[{"a":2}]}"#)
        let unit =
            #"{"keywordLocation":"/properties/a/maximum","absoluteKeywordLocation":"urn:schema#/properties/a/maximum","instanceLocation":"/a","error":"2 is above the bound"}"#
        #expect(answer == #"{"results":[{"valid":false,"errors":[\#(unit)]}]}"#)
    }

    @Test func `numbers are exact, and formats are asserted only on request`() throws {
        #expect(
            try Self.verdicts(
                #"{"schema":{"const":9007199254740993},"instances":[9007199254740992,9007199254740993,9007199254740993.0]}"#
            ) == [false, true, true]
        )
        #expect(try Self.verdicts(#"{"schema":{"format":"date"},"instances":["x"]}"#) == [true])
        #expect(try Self.verdicts(#"{"schema":{"format":"date"},"instances":["x"],"assert_format":true}"#) == [false])
    }

    @Test(arguments: [
        ("x", "the request is not JSON: 'x' is not JSON at column 1"),
        ("", "the request is not JSON: the end of the file where a value was expected at column 1"),
        ("[]", "the request is a sequence, expected an object"),
        ("{}", "the request lacks 'schema'"),
        (#"{"schema":{}}"#, "the request lacks 'instances'"),
        (#"{"schema":[],"instances":[]}"#, "'schema' is a sequence, expected an object or a boolean"),
        (#"{"schema":{},"instances":{}}"#, "'instances' is a mapping, expected an array"),
        (#"{"schema":{},"instances":[],"assert_format":"yes"}"#, "'assert_format' is a string, expected a boolean"),
        (
            #"{"schema":{},"schema":{},"instances":[]}"#,
            "the request is not JSON: the key 'schema' is given twice at column 14"
        ),
        (#"{"schema":{"$ref":"https://nowhere.test/"},"instances":[]}"#, ""),
        (
            #"{"schema":{"$ref":"https://nowhere.test/"},"instances":[1]}"#,
            "the reference 'https://nowhere.test/' at /schema/$ref has no target"
        ),
        (#"{"schema":{"pattern":"("},"instances":["a"]}"#, ""),
    ])
    func `an invalid request gets an error with the reason`(request: String, message: String) throws {
        let answer = try JSONSerialization.jsonObject(with: Data(Self.answer(request).utf8)) as? [String: Any]
        let results = answer?["results"] as? [[String: Any]]
        let error = answer?["error"] as? String ?? results?.first?["error"] as? String
        if message.isEmpty { #expect(error != nil || results?.isEmpty == true) } else { #expect(error == message) }
    }

    /// Each request gets a response, and the program continues with the next one.
    @Test func `hostile requests get responses`() async throws {
        let chain = (0..<20_000).map { ##""s\##($0)":{"$ref":"#/$defs/s\##($0 + 1)"}"## }.joined(separator: ",")
        let requests = [
            String(repeating: "[", count: 100_000),
            ##"{"schema":{"$ref":"#"},"instances":[1]}"##,
            ##"{"schema":{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}},"instances":[1]}"##,
            ##"{"schema":{"$ref":"#/$defs/s0","$defs":{\##(chain),"s20000":{}}},"instances":[1]}"##,
            #"{"schema":{"pattern":"^(a+)+$"},"instances":["\#(String(repeating: "a", count: 50_000))b"]}"#,
            #"{"schema":{"pattern":"((a{1,1000}){1,1000}){1,1000}"},"instances":["a"]}"#,
            #"{"schema":{"multipleOf":0.\#(String(repeating: "0", count: 100_000))1},"instances":[1\#(String(repeating: "0", count: 100_000))]}"#,
            #"{"schema":{"const":1e999999999999},"instances":[1e999999999998]}"#,
            ##"{"schema":{"$dynamicRef":"#x","$dynamicAnchor":"x"},"instances":[1]}"##,
            ##"{"schema":{"properties":{"a":{"$ref":"#"}}},"instances":[\##(String(repeating: ##"{"a":"##, count: 240))1\##(String(repeating: "}", count: 240))]}"##,
            #"{"schema":{"uniqueItems":true},"instances":[[\#((0..<20_000).map { "{\"a\":\($0)}" }.joined(separator: ","))]]}"#,
            #"{"schema":true,"instances":[1]}"#,
        ]
        try await TemporaryProject.with([]) { project in
            try project.write(requests.joined(separator: "\n") + "\n", to: "requests")
            let run = try await project.run("schema-check", "serve", input: "requests")
            #expect(run.status == 0)
            let answers = run.output.split(separator: "\n").map { Data($0.utf8) }
            #expect(answers.count == requests.count)
            for answer in answers {
                let value = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
                #expect(value?["results"] != nil || value?["error"] != nil)
            }
            #expect(answers.last == Data(#"{"results":[{"valid":true}]}"#.utf8))
        }
    }

    // MARK: - The official suite

    /// The schemas that the suite expects at `http://localhost:1234`, except those of older drafts.
    private static func remotes(_ suite: URL) throws -> [String: Any] {
        var remotes: [String: Any] = [:]
        let root = suite.appending(path: "remotes")
        for case let path as String in FileManager.default.enumerator(atPath: root.path) ?? .init()
        where path.hasSuffix(".json") && (!path.hasPrefix("draft") || path.hasPrefix("draft2020-12")) {
            let data = try Data(contentsOf: root.appending(path: path))
            remotes["http://localhost:1234/\(path)"] = try JSONSerialization.jsonObject(with: data)
        }
        return remotes
    }

    /// The group of the suite, whether formats are asserted, the minimum number of results, and the maximum number of wrong ones, because
    /// copies of the suite differ in age.
    @Test(
        .enabled(if: SuiteFolder.jsonSchema != nil, "the JSON Schema test suite is not on this machine"),
        arguments: [("", false, 1_200, 0), ("optional", false, 150, 1), ("optional/format", true, 450, 0)]
    )
    func `the suite passes through the line protocol`(
        group: String,
        assertsFormats: Bool,
        least: Int,
        wrong: Int
    ) async throws {
        let suite = try #require(SuiteFolder.jsonSchema)
        let folder = suite.appending(path: "tests/draft2020-12/\(group)")
        let registry = try Self.remotes(suite)
        var requests = Data()
        var expected: [[Bool]] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where file.hasSuffix(".json") {
            let cases = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: file)))
            for entry in cases as? [[String: Any]] ?? [] {
                let tests = entry["tests"] as? [[String: Any]] ?? []
                let request: [String: Any] = [
                    "schema": entry["schema"] ?? true, "instances": tests.map { $0["data"] ?? NSNull() },
                    "registry": registry,
                    "assert_format": assertsFormats,
                ]
                requests += try JSONSerialization.data(withJSONObject: request) + Data("\n".utf8)
                expected.append(tests.map { $0["valid"] as? Bool ?? false })
            }
        }
        try await TemporaryProject.with([]) { project in
            try requests.write(to: project.folder.appending(path: "requests"))
            let run = try await project.run("schema-check", "serve", input: "requests")
            let answers = run.output.split(separator: "\n")
            #expect(answers.count == expected.count)
            let right = try zip(answers, expected).reduce(0) { sum, pair in
                let answer = try JSONSerialization.jsonObject(with: Data(pair.0.utf8)) as? [String: Any]
                let results = (answer?["results"] as? [[String: Any]] ?? []).map { $0["valid"] as? Bool }
                return sum + zip(results, pair.1).count { $0 == $1 }
            }
            let count = expected.reduce(0) { $0 + $1.count }
            #expect(count >= least)
            #expect(count - right <= wrong)
        }
    }

    // MARK: - yaml2json

    @Test(arguments: [
        (
            "a: yes\nb: on\nc: 017\nd: 0o17\ne: 0x1F\nf: 1_000\ng: 2001-12-14\nh: 1:30\n",
            #"{"a":"yes","b":"on","c":17,"d":15,"e":31,"f":"1_000","g":"2001-12-14","h":"1:30"}"#
        ),
        (
            "[~, null, Null, '', true, FALSE, .5, -1., 1e3, +12, 123456789012345678901234567890, 1.50]",
            #"[null,null,null,"",true,false,0.5,-1,1e3,12,123456789012345678901234567890,1.50]"#
        ),
        (
            "[!!str 1, !!int '7', !!float 1, !!bool \"true\", !!null '', !!seq [1], !!map {a: 1}]",
            #"["1",7,1,true,null,[1],{"a":1}]"#
        ),
        ("[!own 12, !own 'x', !own [1], ! 12]", #"[12,"x",[1],"12"]"#),
        ("1: a\nnull: b\n? c\n", #"{"1":"a","null":"b","c":null}"#),
        ("a: &x [1, 2]\nb: *x\n&k c: 1\nd: *k\n", #"{"a":[1,2],"b":[1,2],"c":1,"d":"c"}"#),
        ("&a a: b\n*a : c\n", ""),
        ("<<: {a: 1}\nb: 2\n", #"{"<<":{"a":1},"b":2}"#),
        ("", "null"), ("--- # nothing\n", "null"), ("%YAML 1.2\n---\nx\n...\n", "\"x\""),
        ("text: |\n  one\n  two\nfolded: >-\n  one\n  two\n", #"{"text":"one\ntwo\n","folded":"one two"}"#),
        ("0xFFFFFFFFFFFFFFFFFFFF", "1208925819614629174706175"),
        ("\"\\u00e9\\t\\U0001F600\"", "\"é\\t😀\""),
        (".inf", "!1:1"), ("a:\n  b: .nan", "!2:6"), ("a: 1\na: 2", "!2:1"), ("[1]: 2", "!1:1"), ("a\n---\nb", "!2:1"),
        ("a: &a [*a]", "!1:8"), ("!!int x", "!1:1"), ("!!seq {a: 1}", "!1:1"), ("a: [", "!2:1"), ("*x", "!1:1"),
    ])
    func `a YAML document becomes JSON, or an error with its location`(yaml: String, expected: String) async throws {
        guard !expected.isEmpty else { return }
        try await TemporaryProject.with([]) { project in
            try project.write(yaml, to: "x.yaml")
            let run = try await project.run("schema-check", "yaml2json", "x.yaml")
            if expected.hasPrefix("!") {
                #expect(run.status == 1)
                #expect(run.output.hasPrefix("x.yaml:\(expected.dropFirst()): "), "\(run.output)")
                #expect(run.output.split(separator: "\n").count == 1)
            } else {
                #expect(run.status == 0)
                #expect(run.output == expected + "\n")
            }
        }
    }
}
