import ContractRuntime
import EveryFeature
import TestSupport
import Testing

/// Generated codecs turn any input into a value or violations, in bounded time.
@Suite struct HostileBodyTests {
    private func violations(_ text: String) -> [String] {
        do throws(InvalidInput) {
            _ = try Drawing(json: Array(text.utf8))
            return []
        } catch {
            return error.violations.map { "\($0.pointer) \($0.keyword): \($0.message)" }
        }
    }

    private func drawing(_ member: String) -> String { #"{"shape":{"kind":"circle","radius":1},\#(member)}"# }

    @Test(.timeLimit(.minutes(5)), arguments: ["[", #"{"a":"#])
    func `nesting of 100,000 levels is rejected`(opening: String) {
        let text = drawing(#""raw":"# + String(repeating: opening, count: 100_000))
        #expect(violations(text).first?.contains("more than 128 levels of nesting") == true)
    }

    @Test(.timeLimit(.minutes(5)))
    func `a recursive value of 100,000 levels is rejected`() {
        let group = #"{"kind":"group","members":[],"first":"#
        let text = #"{"shape":"# + String(repeating: group, count: 100_000)
        #expect(violations(text).first?.contains("more than 128 levels of nesting") == true)
    }

    @Test(.timeLimit(.minutes(5)))
    func `numbers of a million digits are kept or rejected`() {
        let digits = String(repeating: "9", count: 1_000_000)
        #expect(violations(drawing("\"raw\":\(digits)")) == [])
        #expect(violations(drawing("\"width\":\(digits),\"unit\":\"m\"")).first?.hasPrefix("/width format") == true)
        #expect(
            violations(#"{"shape":{"kind":"square","side":\#(digits)}}"#).first?.hasPrefix("/shape/side maximum")
                == true
        )
    }

    @Test func `unpaired surrogates, duplicate members and trailing bytes are rejected`() {
        #expect(violations(drawing(#""raw":"\ud800""#)).first?.contains("unpaired surrogate") == true)
        #expect(violations(drawing(#""raw":{"a":1,"a":2}"#)).first?.contains("duplicate member name") == true)
        #expect(violations(drawing(#""x":1,"title":"t","x":2"#)).first?.contains("duplicate member name") == true)
        #expect(violations(drawing(#""title":"t""#) + "]").first?.contains("where the end was expected") == true)
    }

    @Test func `a hundred of a thousand violations are reported`() {
        let points = Array(repeating: #"{"kind":"circle","radius":0}"#, count: 1_000).joined(separator: ",")
        #expect(violations(#"{"shape":{"kind":"group","members":[\#(points)]}}"#).count == 100)
    }

    /// `FUZZ_ROUNDS=1000000 swift test --filter HostileBodyTests` runs more rounds.
    @Test(.timeLimit(.minutes(5)))
    func `damaged bodies are read or rejected, and values survive a round trip`() throws {
        let seeds = [
            #"{"shape":{"kind":"group","members":[{"kind":"circle","radius":1.5e2},{"kind":"square","side":5}]},"title":"t\u00e9"}"#,
            ##"{"shape":{"kind":"circle","radius":1},"color":"#00ff00","point":[1,2,"cm"],"layers":{"a":1},"raw":[null,true,{}]}"##,
            #"{"shape":{"kind":"circle","radius":1},"width":10,"unit":"mm","notes":{"x-a":"b"},"seal":"AAEC/w=="}"#,
        ]
        var random = Damage(rounds: 5_000)
        var accepted = 0
        while let (text, number) = random.next(of: seeds) {
            guard let value = try? Drawing(json: Array(text.utf8)) else { continue }
            accepted += 1
            let written = JSONWriter.write(value)
            #expect(try Drawing(json: written) == value, "round \(number): \(text)")
        }
        #expect(accepted > 0)
    }
}
