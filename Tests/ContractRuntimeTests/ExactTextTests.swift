import ContractRuntime
import Testing

@Suite struct ExactTextTests {
    @Test func `texts are equal only with the same code points`() {
        for (one, other) in [("é", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"), ("<\u{338}", "\u{226E}")] {
            #expect(one == other)
            #expect(ExactText(one) != ExactText(other))
            #expect(Set([ExactText(one), ExactText(other)]).count == 2)
            #expect(ExactText(one) == ExactText(String(one.unicodeScalars)))
        }
    }

    @Test func `texts are shortened by code points`() {
        #expect("abc".shortened(to: 3) == "abc")
        #expect("abcd".shortened(to: 3) == "abc…")
        #expect(("e" + String(repeating: "\u{301}", count: 1_000)).shortened(to: 3).unicodeScalars.count == 4)
    }
}

@Suite struct SaturatingTests {
    @Test(arguments: [
        (1.9, 1), (-1.9, -1), (1e30, Int.max), (-1e30, .min), (.infinity, .max), (-.infinity, .min), (.nan, 0), (0, 0),
        (9_223_372_036_854_775_808, .max), (-9_223_372_036_854_775_808, .min),
    ])
    func `every Double has a nearest integer`(value: Double, expected: Int) {
        #expect(Int(saturating: value) == expected)
    }

    @Test func `arithmetic saturates at the bounds`() {
        #expect(Int.max.addingSaturated(1) == .max)
        #expect(Int.min.addingSaturated(-1) == .min)
        #expect(Int.min.subtractingSaturated(1) == .min)
        #expect(Int.max.subtractingSaturated(-1) == .max)
        #expect(0.subtractingSaturated(Int.min) == .max)
        #expect(Int.min.multipliedSaturated(by: -1) == .max)
        #expect(Int.max.multipliedSaturated(by: -2) == .min)
        #expect(UInt8(200).addingSaturated(100) == 255)
        #expect(UInt8(1).subtractingSaturated(2) == 0)
    }

    @Test func `every Double is written as a JSON number`() {
        func text(_ value: Double) -> String { String(decoding: JSONWriter.write(value), as: UTF8.self) }
        #expect(text(.infinity) == "1.7976931348623157e+308")
        #expect(text(-.infinity) == "-1.7976931348623157e+308")
        #expect(text(.nan) == "null")
        #expect(text(.leastNonzeroMagnitude) == "5e-324")
    }

    @Test func `time arithmetic saturates at the bounds`() {
        let last = Timestamp(microsecondsSinceEpoch: .max)
        #expect(last.adding(seconds: .max) == last)
        #expect(Timestamp(microsecondsSinceEpoch: .min).microseconds(until: last) == .max)
        #expect(Timestamp("9999-12-31T23:59:59.999999Z") == .latest)
        #expect(Timestamp("0000-01-01T00:00:00Z") == .earliest)
        #expect(Timestamp("9999-12-31T23:59:59-00:01") == nil)
        #expect(Timestamp("0000-01-01T00:00:00+00:01") == nil)
    }
}
