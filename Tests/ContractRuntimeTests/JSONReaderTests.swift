import ContractRuntime
import Testing

@Suite struct JSONReaderTests {
    private func violations(of text: String, allowsNUL: Bool = false) -> [Violation] {
        var text = text
        return text.withUTF8 { bytes in
            do throws(InvalidInput) {
                _ = try JSONReader.read(UnsafeRawBufferPointer(bytes), allowsNUL: allowsNUL) {
                    (json) throws(JSONSyntaxError) in
                    try json.skipValue()
                    return true
                }
                return []
            } catch {
                return error.violations
            }
        }
    }

    @Test(arguments: [
        "{}", "[]", "0", "-0.5e+10", "\"\"", " [1 , {\"a\" : null , \"b\":[true,false]} ] \n",
        "\"\\ud83d\\ude00 \\\" \\\\ \\/ \\b\\f\\n\\r\\t é 😀\"",
    ])
    func `valid JSON is accepted`(text: String) {
        #expect(violations(of: text) == [])
    }

    @Test(arguments: [
        ("", "not JSON: the text ends where a value was expected at line 1, column 1"),
        ("{\"a\":1,}", "not JSON: '}' where another value after ',' was expected at line 1, column 8"),
        ("[1 2]", "not JSON: '2' where ',' or ']' was expected at line 1, column 4"),
        ("{\"a\":1,\n \"a\":2}", "not JSON: duplicate member name at line 2, column 6"),
        ("\"\\ud800\"", "not JSON: unpaired surrogate at line 1, column 2"),
        ("NaN", "not JSON: 'N' where a value was expected at line 1, column 1"),
        ("01", "not JSON: a number with a leading 0 at line 1, column 3"),
        ("1.", "not JSON: the text ends where a digit was expected at line 1, column 3"),
        ("{} x", "not JSON: 'x' where the end was expected at line 1, column 4"),
        ("\"a\u{1}\"", "not JSON: a control character in a string at line 1, column 3"),
        ("[", "not JSON: the text ends where a value was expected at line 1, column 2"),
        ("tru", "not JSON: 't' where a value was expected at line 1, column 1"),
    ])
    func `invalid JSON is rejected with its location`(text: String, message: String) {
        #expect(violations(of: text) == [Violation(pointer: "", keyword: "syntax", message: message)])
    }

    @Test func `bytes that are not UTF-8 are rejected`() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
        ] {
            _ = bytes.withUnsafeBytes { buffer in
                #expect(throws: InvalidInput.self) {
                    try JSONReader.read(buffer) { (json) throws(JSONSyntaxError) in try json.string() }
                }
            }
        }
    }

    @Test func `nesting has a limit`() {
        #expect(violations(of: String(repeating: "[", count: 128) + String(repeating: "]", count: 128)) == [])
        let message = "not JSON: more than 128 levels of nesting at line 1, column 129"
        #expect(
            violations(of: String(repeating: "[", count: 100_000)) == [
                Violation(pointer: "", keyword: "syntax", message: message)
            ]
        )
    }

    @Test func `U+0000 is rejected in text that will be stored`() {
        let expected = [Violation(pointer: "/a/1", keyword: "format", message: "U+0000 cannot be stored")]
        #expect(violations(of: "{\"a\":[0,\"x\\u0000\"]}") == expected)
        #expect(violations(of: "{\"a\":[0,\"x\\u0000\"]}", allowsNUL: true) == [])
    }

    @Test func `a pattern violation names the string and the pattern`() throws {
        let pattern = Pattern(checked: #"^AC[0-9a-f]{4}$"#)
        func account(_ text: String) -> Result<String, InvalidInput> {
            var text = "{\"account\":\"\(text)\"}"
            return text.withUTF8 { bytes in
                Result { () throws(InvalidInput) in
                    try JSONReader.read(UnsafeRawBufferPointer(bytes)) { (json) throws(JSONSyntaxError) -> String? in
                        _ = try json.beginObject()
                        _ = try json.nextName()
                        let value = try json.string(maxLength: 6, pattern: pattern)
                        _ = try json.nextName()
                        return value
                    }
                }
            }
        }
        #expect(try account("AC00ff").get() == "AC00ff")
        let message = "\"AC00fg\", expected a match of ^AC[0-9a-f]{4}$"
        let violation = Violation(pointer: "/account", keyword: "pattern", message: message)
        #expect(account("AC00fg") == .failure(InvalidInput(violations: [violation])))
        #expect(throws: InvalidInput.self) { try account("AC00fff").get() }
    }

    @Test(arguments: [
        (#"{"é":1,"e\u0301":2}"#, true), (#"{"K":1,"\u212a":2}"#, true), (#"{"\u00e9":1,"é":2}"#, false),
        (#"{"a~\u0301":1,"a~":{"b":{}}}"#, true),
    ])
    func `member names are equal only with the same code points`(text: String, isValid: Bool) throws {
        // A few members are compared as bytes, many by hash.
        let many = "{" + (0..<20).map { "\"m\($0)\":0," }.joined() + text.dropFirst()
        for text in [text, many] {
            #expect(violations(of: text).isEmpty == isValid)
            #expect((JSONValue(text) != nil) == isValid)
        }
    }

    @Test(arguments: [
        ("1e308", nil), ("-1.7976931348623157e308", nil), ("5e-324", nil), ("0e999999", nil), ("0.1", nil),
        ("1e309", "1e309 is too large for a number"), ("-1e131071", "-1e131071 is too large for a number"),
        ("1e-401", "1e-401 is too small for a number"),
        (
            "1" + String(repeating: "0", count: 400),
            "1000000000000000000000000000000000000000… is too large for a number"
        ),
    ])
    func `a number kept as text is in the range of a 64-bit float`(number: String, message: String?) {
        let text = "{\"a\":[\(number)]}"
        do throws(InvalidInput) {
            _ = try JSONObject(json: Array(text.utf8))
            #expect(message == nil)
        } catch {
            #expect(error.violations.map(\.pointer) == ["/a/0"])
            #expect(error.violations.map(\.message) == [message])
        }
        // Only text that will be stored is checked.
        #expect(violations(of: text).isEmpty)
    }

    @Test func `one of two canonically equivalent names in a map is rejected with its location`() {
        let text = #"{"e\u0301":1,"\u00e9":2}"#
        #expect(
            throws: InvalidInput(violations: [
                Violation(
                    pointer: "/\u{E9}",
                    keyword: "propertyNames",
                    message: "\"\u{E9}\" differs from another member only in Unicode normalization"
                )
            ])
        ) { try [String: Int](json: Array(text.utf8)) }
    }

    @Test func `violations get their pointers in any order of recording`() {
        // Inner locations before outer ones, later ones before earlier ones.
        let text = #"{"a/b":[{"c":"x"},{"c~\u0301":[true,"y"]}],"d":0}"#
        let places = [
            (19, "/a~1b/1"), (36, "/a~1b/1/c~0\u{301}/1"), (8, "/a~1b/0"), (47, "/d"), (0, ""), (13, "/a~1b/0/c"),
        ]
        var violations: [Violation] = []
        var copy = text
        copy.withUTF8 { bytes in
            do throws(InvalidInput) {
                _ = try JSONReader.read(UnsafeRawBufferPointer(bytes)) { (json) throws(JSONSyntaxError) in
                    try json.skipValue()
                    for (offset, _) in places { json.reject("k", "m", at: offset) }
                    return true
                }
            } catch {
                violations = error.violations
            }
        }
        #expect(violations.map(\.pointer) == places.map(\.1))
    }

    @Test func `a large text with many violations is read quickly`() {
        // Each object lacks a required member, so there are as many violations as objects.
        let text = "[" + Array(repeating: #"{"filename":"x"}"#, count: 60_000).joined(separator: ",") + "]"
        let bytes = Array(text.utf8)
        let time = ContinuousClock().measure {
            do throws(InvalidInput) {
                _ = try [FilePart](json: bytes)
            } catch {
                #expect(error.violations.count == 100)
                #expect(error.violations.last?.pointer == "/99/content")
            }
        }
        // One pass per recorded violation, or per object, would take minutes.
        #expect(time < .seconds(20))
    }

    @Test(arguments: [
        ("0.3", true), ("0.30000000000000000000", true), ("0.30000000000000000001", false),
        ("0.29999999999999999999", true),
    ])
    func `bounds are exact beyond the precision of a float`(text: String, isValid: Bool) {
        var text = text
        let value = text.withUTF8 { bytes in
            try? JSONReader.read(UnsafeRawBufferPointer(bytes)) { (json) throws(JSONSyntaxError) in
                try json.number(maximum: 0.3)
            }
        }
        #expect((value != nil) == isValid)
    }
}
