import ContractCompiler
import Foundation
import FoundationXML
import Testing

@testable import SchemaCheck

/// The output formats, the ignore file, the exit status.
@Suite struct ReportTests {
    private static let file = SourceFile(
        path: "/x/api.yaml",
        displayPath: "api.yaml",
        bytes: Array("openapi: 3.1.0\ninfo: {\n".utf8)
    )
    private static let findings = [
        Finding(
            code: "no-x",
            severity: .error,
            message: "a \"thing\" < 5 | is & wrong",
            location: Location(file: file, line: 2, column: 7),
            pointer: "/info",
            notes: [
                Diagnostic.Note(message: "the other definition", location: Location(file: file, line: 1, column: 1))
            ],
            fix: "write '6'"
        ),
        Finding(
            code: "request-body-x",
            severity: .warn,
            message: "changed\u{1}",
            location: Location(file: file, line: 1, column: 1),
            pointer: "/openapi",
            operation: "POST /a",
            witness: .init(description: "accepted before, rejected now", json: "{\"a\":1}")
        ),
        Finding(
            code: "new-x",
            severity: .info,
            message: "new",
            location: Location(file: file, line: 1, column: 1),
            pointer: ""
        ),
    ]

    private static func text(_ format: ReportFormat, _ findings: [Finding] = findings) -> String {
        Report(findings, checked: "api.yaml").text(format)
    }

    @Test func `text formats show locations, messages and source lines`() {
        #expect(
            Self.text(.stylish) == """
                api.yaml
                  1:1      info   new-x  new
                  1:1      warn   request-body-x  changed\u{1}
                             in POST /a, fingerprint \(Self.findings[1].fingerprint)
                             witness: accepted before, rejected now: {"a":1}
                  2:7      error  no-x  a "thing" < 5 | is & wrong
                             api.yaml:1:1: note: the other definition
                             fix: write '6'

                api.yaml: 1 error, 1 warning, 1 note

                """
        )
        #expect(
            Self.text(.codeframe, [Self.findings[0]]) == """
                api.yaml:2:7: error: a "thing" < 5 | is & wrong [no-x]
                 2 | info: {
                   |       ^
                api.yaml:1:1: note: the other definition
                fix: write '6'
                api.yaml: 1 error, 0 warnings

                """
        )
        #expect(
            Self.text(.markdown, [Self.findings[0]]) == """
                api.yaml: 1 error, 0 warnings

                | severity | rule | place | message |
                | --- | --- | --- | --- |
                | error | `no-x` | `api.yaml:2:7` | a "thing" &lt; 5 \\| is & wrong<br>api.yaml:1:1: note: the other definition<br>fix: write '6' |

                """
        )
        #expect(
            Self.text(.githubActions, [Self.findings[0]]) == """
                ::error file=api.yaml,line=2,col=7,title=no-x::a "thing" < 5 | is & wrong%0Aapi.yaml:1:1: note: the other definition%0Afix: write '6'
                api.yaml: 1 error, 0 warnings

                """
        )
    }

    @Test func `a limited report has the number of omitted findings`() {
        let report = Report(Self.findings, checked: "api.yaml")
        #expect(
            report.text(.codeframe, limit: 1).contains(
                "… and 2 more (--max-problems)\napi.yaml: 1 error, 1 warning, 1 note\n"
            )
        )
        let errors = report.text(.codeframe, least: .error)
        #expect(errors.hasPrefix("api.yaml:2:7: error:"))
        #expect(errors.hasSuffix("fix: write '6'\napi.yaml: 1 error, 1 warning, 1 note\n"))
    }

    @Test func `JSON reports are complete`() throws {
        let report = try #require(JSONSerialization.jsonObject(with: Data(Self.text(.json).utf8)) as? [String: Any])
        #expect(report["errors"] as? Int == 1)
        #expect(report["warnings"] as? Int == 1)
        let findings = try #require(report["findings"] as? [[String: Any]])
        #expect(findings.map { $0["code"] as? String } == ["new-x", "request-body-x", "no-x"])
        #expect(findings[2]["line"] as? Int == 2)
        #expect(findings[2]["column"] as? Int == 7)
        #expect(findings[2]["pointer"] as? String == "/info")
        #expect((findings[1]["witness"] as? [String: Any])?["json"] as? String == "{\"a\":1}")
    }

    @Test func `SARIF reports are complete`() throws {
        let log = try #require(JSONSerialization.jsonObject(with: Data(Self.text(.sarif).utf8)) as? [String: Any])
        #expect(log["version"] as? String == "2.1.0")
        let run = try #require((log["runs"] as? [[String: Any]])?.first)
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(results.map { $0["level"] as? String } == ["note", "warning", "error"])
        #expect(results.map { $0["ruleId"] as? String } == ["new-x", "request-body-x", "no-x"])
        #expect(results.map { $0["ruleIndex"] as? Int } == [0, 2, 1])
    }

    /// The elements of an XML text with their attributes.
    private final class Elements: NSObject, XMLParserDelegate {
        var found: [(name: String, attributes: [String: String])] = []

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            found.append((name, attributes))
        }

        static func of(_ text: String) -> [(name: String, attributes: [String: String])]? {
            let elements = Elements()
            let parser = XMLParser(data: Data(text.utf8))
            parser.delegate = elements
            return parser.parse() ? elements.found : nil
        }
    }

    @Test func `JUnit and Checkstyle reports are complete`() throws {
        let junit = try #require(Elements.of(Self.text(.junit)))
        #expect(
            junit.map(\.name) == [
                "testsuites", "testsuite", "testcase", "system-out", "testcase", "failure", "testcase", "failure",
            ]
        )
        #expect(junit[1].attributes == ["name": "api.yaml", "tests": "3", "failures": "2", "errors": "0"])
        #expect(junit[7].attributes["message"] == "a \"thing\" < 5 | is & wrong")
        #expect(junit[5].attributes["message"] == "changed\u{FFFD}")
        #expect(Elements.of(Self.text(.junit, []))?.map(\.name) == ["testsuites", "testsuite", "testcase"])
        let checkstyle = try #require(Elements.of(Self.text(.checkstyle)))
        #expect(checkstyle.map(\.name) == ["checkstyle", "file", "error", "error", "error"])
        #expect(checkstyle[4].attributes["line"] == "2")
        #expect(checkstyle[4].attributes["severity"] == "error")
        #expect(checkstyle[4].attributes["source"] == "no-x")
    }

    @Test func `the option --fail-on decides the exit status`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(
                "openapi: 3.1.0\ninfo: { title: T, version: '1' }\nservers: [{ url: https://a.test }]\npaths: {}\n",
                to: "api.yaml"
            )
            for (level, status) in [("error", 0), ("warn", 1), ("info", 1), ("never", 0)] as [(String, Int32)] {
                #expect(try await project.run("schema-check", "lint", "api.yaml", "--fail-on", level).status == status)
            }
            #expect(
                try await project.run(
                    "schema-check",
                    "lint",
                    "api.yaml",
                    "--fail-on",
                    "warn",
                    "--skip-rule",
                    "info-license"
                ).status == 0
            )
        }
    }

    @Test func `accepted findings are ignored until their end date`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(
                "openapi: 3.1.0\ninfo: { title: T, version: '1' }\nservers: [{ url: https://a.test }]\npaths: {}\n",
                to: "api.yaml"
            )
            #expect(
                try await project.run(
                    "schema-check",
                    "lint",
                    "api.yaml",
                    "--fail-on",
                    "warn",
                    "--generate-ignore-file"
                ).status == 0
            )
            let run = try await project.run("schema-check", "lint", "api.yaml", "--fail-on", "warn")
            #expect(run.status == 0)
            #expect(run.output == "api.yaml, 0 operations, 0 schemas: 0 errors, 0 warnings, 1 ignored\n")
            try project.write(
                "api.yaml: { info-license: [{ pointer: '#/info', until: 2020-01-31 }] }\n",
                to: IgnoreFile.name
            )
            let expired = try await project.run("schema-check", "lint", "api.yaml", "--fail-on", "warn")
            #expect(expired.status == 1)
            #expect(
                expired.output.contains(
                    "this entry expired on 2020-01-31: fix the finding or extend 'until' [ignore-file]"
                )
            )
            #expect(expired.output.contains("[info-license]"))
        }
    }

    @Test func `an accepted difference is identified by its fingerprint`() async throws {
        try await TemporaryProject.with([]) { project in
            func api(_ type: String) -> String { InMemory.document("type: \(type)") }
            try project.write(api("string"), to: "old.yaml")
            try project.write(api("integer"), to: "new.yaml")
            #expect(try await project.run("schema-check", "diff", "old.yaml", "new.yaml").status == 1)
            #expect(
                try await project.run("schema-check", "diff", "old.yaml", "new.yaml", "--generate-ignore-file").status
                    == 0
            )
            #expect(try await project.run("schema-check", "diff", "old.yaml", "new.yaml").status == 0)
            try project.write("diff: { request-body-type-changed: off }\n", to: "schema-check.yaml")
            #expect(
                try await project.run("schema-check", "diff", "old.yaml", "new.yaml", "--ignore-file", "none").status
                    == 0
            )
        }
    }
}
