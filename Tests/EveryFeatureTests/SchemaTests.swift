import ContractRuntime
import EveryFeature
import Testing

/// A codec accepts exactly the values that its schema allows, keyword by keyword.
@Suite struct SchemaTests {
    @Test(arguments: [
        #"{"shape":{"kind":"circle","radius":1.5}}"#,
        #"{"shape":{"kind":"square","side":10},"title":"a title","point":[1,2]}"#,
        #"{"shape":{"kind":"group","members":[{"kind":"circle","radius":1}],"first":{"kind":"group","members":[]}}}"#,
        ##"{"shape":{"kind":"circle","radius":1},"color":"#00ff00","level":"medium","raw":[1,{"a":null}]}"##,
        #"{"shape":{"kind":"circle","radius":1},"color":"red","point":[1,2,"cm"],"layers":{"a":1}}"#,
        #"{"shape":{"kind":"circle","radius":1},"color":255,"width":2000,"unit":"m","notes":{"x-a":"b"},"seal":"AAEC/w=="}"#,
    ])
    func `a valid value survives a round trip`(text: String) throws {
        let drawing = try Drawing(json: Array(text.utf8))
        #expect(JSONValue(String(decoding: JSONWriter.write(drawing), as: UTF8.self)) == JSONValue(text))
    }

    @Test(arguments: [
        (#"{}"#, ["/shape required"]),
        (#"{"shape":{"kind":"hexagon"}}"#, ["/shape discriminator"]),
        (#"{"shape":{"kind":"circle","radius":0}}"#, ["/shape/radius exclusiveMinimum"]),
        (#"{"shape":{"kind":"square","side":7}}"#, ["/shape/side multipleOf"]),
        (#"{"shape":{"kind":"square","side":5,"x":1,"x":2}}"#, [" syntax"]),
        (
            #"{"shape":{"kind":"group","members":[{"kind":"circle","radius":1},{"radius":1.0,"kind":"circle"}]}}"#,
            ["/shape/members uniqueItems"]
        ),
        (#"{"shape":{"kind":"circle","radius":1},"title":"a title that is too long"}"#, ["/title maxLength"]),
        (#"{"shape":{"kind":"circle","radius":1},"point":[1]}"#, ["/point minItems"]),
        (#"{"shape":{"kind":"circle","radius":1},"point":[1,2,"cm",4]}"#, ["/point/3 false"]),
        (#"{"shape":{"kind":"circle","radius":1},"color":"blue"}"#, ["/color anyOf"]),
        (#"{"shape":{"kind":"circle","radius":1},"color":256}"#, ["/color maximum"]),
        (#"{"shape":{"kind":"circle","radius":1},"color":true}"#, ["/color type"]),
        (#"{"shape":{"kind":"circle","radius":1},"layers":{}}"#, ["/layers minProperties"]),
        (#"{"shape":{"kind":"circle","radius":1},"layers":{"a":"b"}}"#, ["/layers/a type"]),
        (#"{"shape":{"kind":"circle","radius":1},"notes":{"y":1}}"#, ["/notes/y additionalProperties"]),
        (#"{"shape":{"kind":"circle","radius":1},"notes":{"x-y":1}}"#, ["/notes/x-y type"]),
        (#"{"shape":{"kind":"circle","radius":1},"width":1}"#, ["/unit dependentRequired"]),
        (#"{"shape":{"kind":"circle","radius":1},"width":1001,"unit":"mm"}"#, ["/width maximum"]),
        (#"{"shape":{"kind":"circle","radius":1},"level":"low","layers":{"a":1}}"#, [" not"]),
        (#"{"shape":{"kind":"circle","radius":1},"seal":"AAEC/w"}"#, ["/seal format"]),
    ])
    func `an invalid value is rejected with its pointer`(text: String, expected: [String]) {
        let error = #expect(throws: InvalidInput.self) { try Drawing(json: Array(text.utf8)) }
        #expect(error?.violations.map { "\($0.pointer) \($0.keyword)" } == expected)
    }

    @Test func `a client ignores members of responses that it does not know`() throws {
        let text = Array(#"{"name":"n","added":{"later":[1]},"minimum":2}"#.utf8)
        func read(_ direction: JSONDirection) throws -> Filter {
            try JSONReader.read(text, direction: direction, rule: nil) {
                (json: inout JSONReader) throws(JSONSyntaxError) in
                try Filter(from: &json)
            }
        }
        let filter = try read(.response)
        #expect(filter.name == "n")
        #expect(filter.minimum == 2)
        let error = #expect(throws: InvalidInput.self) { try read(.request) }
        #expect(error?.violations.map { "\($0.pointer) \($0.keyword)" } == ["/added additionalProperties"])
    }

    @Test func `a default with the name none is a value`() throws {
        let filter = try Filter(json: Array("{}".utf8))
        #expect(filter.effort == Effort.none)
        #expect(JSONWriter.write(filter) == Array(#"{"effort":"none"}"#.utf8))
    }

    @Test func `unlisted values of open enumerations are kept`() throws {
        let drawing = try Drawing(json: Array(#"{"shape":{"kind":"circle","radius":1},"level":"medium"}"#.utf8))
        #expect(drawing.level?.rawValue == "medium")
        #expect(drawing.level != .low)
    }

    @Test func `other coders preserve the value`() throws {
        let drawing = Drawing(shape: .square(.init(kind: .square, side: 5)), point: .init(item0: 1, item1: 2))
        #expect(drawing.point?.item2 == nil)
        #expect(Set([drawing, drawing]).count == 1)
    }
}
