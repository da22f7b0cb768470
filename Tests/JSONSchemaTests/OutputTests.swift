import ContractCompiler
import Foundation
import JSONSchema
import Testing

/// The output of validations in the specification's `basic` form.
@Suite struct OutputTests {
    private func output(_ schema: String, _ instance: String) throws -> String {
        var validator = try SchemaValidator(try Suite.node(text: schema))
        return try validator.validate(try Suite.node(text: instance)).basic
    }

    @Test func `an error has the keyword's path, the keyword's location and the instance's location`() throws {
        let schema =
            ##"{"$id":"https://example.com/a","$ref":"#/$defs/b","$defs":{"b":{"properties":{"x/y":{"type":"string"}}}}}"##
        #expect(
            try output(schema, #"{"x/y":5}"#)
                == #"{"valid":false,"errors":[{"keywordLocation":"/$ref/properties/x~1y/type","#
                + #""absoluteKeywordLocation":"https://example.com/a#/$defs/b/properties/x~1y/type","instanceLocation":"/x~1y","#
                + #""error":"5 is of type number, expected string"}]}"#
        )
    }

    @Test func `a valid instance has annotations, except those of failed subschemas`() throws {
        let schema =
            #"{"$id":"urn:a","title":"T","anyOf":[{"type":"string","title":"S"},{"type":"number","title":"N"}]}"#
        #expect(
            try output(schema, "5") == #"{"valid":true,"annotations":[{"keywordLocation":"/title","#
                + #""absoluteKeywordLocation":"urn:a#/title","instanceLocation":"","annotation":"T"},"#
                + #"{"keywordLocation":"/anyOf/1/title","absoluteKeywordLocation":"urn:a#/anyOf/1/title","#
                + #""instanceLocation":"","annotation":"N"}]}"#
        )
    }

    @Test(arguments: [
        (
            #"{"type":"nope"}"#,
            #"the schema is not valid: at /type, "nope", expected one of "array", "boolean", "integer", "null", "number", "object", "string""#
        ),
        (##"{"$ref":"#/nowhere"}"##, "the reference '#/nowhere' at /$ref has no target"),
        (##"{"$ref":"#"}"##, "the schema refers to itself in an endless cycle"),
        (#"{"pattern":"(a"}"#, "the regular expression '(a' is invalid: '(' without ')' at character 1"),
        (#"{"$schema":"https://example.com/mine"}"#, "the dialect 'https://example.com/mine' is unknown"),
    ])
    func `an unusable schema is an error`(schema: String, message: String) throws {
        let error = #expect(throws: SchemaError.self) { try output(schema, "1") }
        #expect(error?.description == message)
    }

    @Test(.timeLimit(.minutes(5)))
    func `a schema with exponentially many alternatives ends in an error`() throws {
        let schema =
            ##"{"anyOf":[{"$ref":"#/$defs/n"},{"$ref":"#/$defs/n"}],"$defs":{"n":{"properties":{"a":{"anyOf":[{"$ref":"#/$defs/n"},{"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["z"]}}}"##
        let instance = String(repeating: #"{"z":1,"a":"#, count: 100) + "1" + String(repeating: "}", count: 100)
        let error = #expect(throws: SchemaError.self) { try output(schema, instance) }
        #expect(error?.description == "the validation needs more than 1000000 steps")
    }

    /// The suite has a schema for each expected output. Our output must be valid against it.
    @Test(.enabled(if: Suite.outputs != nil, "the suite's output tests are not on this machine"))
    func `the suite's output tests pass`() throws {
        let folder = try #require(Suite.outputs)
        let outputSchema = try Suite.node(folder.appending(path: "output-schema.json"))
        let registry = ["https://json-schema.org/draft/2020-12/output/schema": outputSchema]
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "content").path) {
            for entry in try Suite.node(folder.appending(path: "content/\(name)")).items ?? [] {
                for test in entry["tests"]?.items ?? [] {
                    guard let schema = entry["schema"], let instance = test["data"],
                        let expected = test["output"]?["basic"]
                    else { continue }
                    var validator = try SchemaValidator(schema)
                    let basic = try validator.validate(instance).basic
                    var judge = try SchemaValidator(expected, registry: registry)
                    let verdict = try judge.validate(try Suite.node(text: basic))
                    #expect(verdict.isValid, "\(name): \(basic): \(verdict.basic)")
                    count += 1
                }
            }
        }
        #expect(count >= 4)
    }
}
