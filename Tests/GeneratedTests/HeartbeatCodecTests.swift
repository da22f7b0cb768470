import ContractRuntime
import Foundation
import Generated
import Testing

@Suite struct HeartbeatCodecTests {
    private static let valid = """
        {"instance_id":"btc-1","bot_id":"btc","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT",\
        "version":"2.4.1","timestamp":"2026-03-01T18:30:00+09:00","metadata":{"host":"fra-3","load":[0.1]}}
        """

    private func violations(_ text: String) -> [String] {
        do throws(InvalidInput) {
            _ = try Heartbeat(json: Array(text.utf8))
            return []
        } catch {
            return error.violations.map { "\($0.pointer) \($0.keyword)" }
        }
    }

    @Test func `a valid body becomes a value and is written back`() throws {
        let heartbeat = try Heartbeat(json: Array(Self.valid.utf8))
        #expect(heartbeat.instanceID == "btc-1")
        #expect(heartbeat.runtimeMode == .live)
        #expect(heartbeat.timestamp.description == "2026-03-01T09:30:00Z")
        let written = String(decoding: JSONWriter.write(heartbeat), as: UTF8.self)
        #expect(written == Self.valid.replacing("18:30:00+09:00", with: "09:30:00Z"))
    }

    @Test func `a member with a default may be omitted`() throws {
        let text = Self.valid.replacing(",\"metadata\":{\"host\":\"fra-3\",\"load\":[0.1]}", with: "")
        #expect(try Heartbeat(json: Array(text.utf8)).metadata == .empty)
    }

    @Test func `all violations are found in one pass, in the order of the input`() {
        let text = """
            {"extra":{"a":[1]},"instance_id":"","bot_id":7,"runtime_mode":"SIM","exchange":"\(String(repeating: "é", count: 65))",\
            "timestamp":"yesterday","metadata":[],"version":null}
            """
        #expect(
            violations(text) == [
                "/extra additionalProperties", "/instance_id minLength", "/bot_id type", "/runtime_mode enum",
                "/exchange maxLength", "/timestamp format", "/metadata type", "/version type", "/symbol required",
            ]
        )
    }

    @Test func `lengths are counted in code points`() {
        #expect(violations(Self.valid.replacing("binance", with: String(repeating: "😀", count: 64))) == [])
        #expect(
            violations(Self.valid.replacing("binance", with: String(repeating: "\\ud83d\\ude00", count: 65))) == [
                "/exchange maxLength"
            ]
        )
    }

    @Test func `a duplicate member is rejected`() {
        #expect(violations(Self.valid.replacing("\"version\"", with: "\"symbol\"")) == [" syntax"])
    }

    @Test func `an escaped member name refers to the same member`() throws {
        let text = Self.valid.replacing("\"bot_id\"", with: "\"bot\\u005fid\"")
        #expect(try Heartbeat(json: Array(text.utf8)).botID == "btc")
    }

    @Test(arguments: [
        ("0.1", "0.1"), ("\"0.10\"", "0.1"), ("1e3", "1000"), ("-0.000000000000000001", "-0.000000000000000001"),
    ])
    func `money keeps its digits`(literal: String, written: String) throws {
        let text =
            #"{"instance_id":"i","symbol":"s","metric_type":"equity","value":\#(literal),"timestamp":"2026-03-01T09:30:00Z"}"#
        let sample = try MetricSample(json: Array(text.utf8))
        #expect(String(decoding: JSONWriter.write(sample), as: UTF8.self).contains("\"value\":\(written),"))
    }

    @Test(arguments: ["1e400", "\"NaN\"", "0.0000000000000000001", "\"\"", "null", "true"])
    func `texts that are not decimals within the limits are rejected`(literal: String) {
        let text =
            #"{"instance_id":"i","symbol":"s","metric_type":"equity","value":\#(literal),"timestamp":"2026-03-01T09:30:00Z"}"#
        #expect(throws: InvalidInput.self) { try MetricSample(json: Array(text.utf8)) }
    }

    @Test func `Swift's coders agree with the model's own codec`() throws {
        let text = Self.valid.replacing("\"host\":\"fra-3\",", with: "")
        let heartbeat = try Heartbeat(json: Array(text.utf8))
        let encoded = try JSONEncoder().encode(heartbeat)
        #expect(try Heartbeat(json: Array(encoded)) == heartbeat)
        #expect(try JSONDecoder().decode(Heartbeat.self, from: encoded) == heartbeat)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Heartbeat.self, from: Data(Self.valid.replacing("LIVE", with: "SIM").utf8))
        }
    }
}
