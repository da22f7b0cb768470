import ContractRuntime
import Formats

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension FuzzTarget {
    /// The texts of decimals, numbers, times, dates, UUIDs, Base64, URIs and all formats.
    static let value = FuzzTarget(name: "value") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        if let decimal = Decimal(text) {
            expect(Decimal("\(decimal)") == decimal, "another decimal was read back from \(decimal)")
            expect(ExactNumber("\(decimal)") != nil, "a decimal that is no number")
            expect(!(decimal < decimal), "a decimal is less than itself")
        }
        if let number = JSONNumber(text) {
            expect(!(number.value < number.value), "a number is less than itself")
            if let integer = number.value.integer { expect(ExactNumber(integer) == number.value, "another integer") }
            _ = number.value.isMultiple(of: ExactNumber(3))
        }
        if let time = Timestamp(text) {
            var written: [UInt8] = []
            time.appendRFC3339(to: &written)
            expect(Timestamp(String(decoding: written, as: UTF8.self)) == time, "another time was read back")
            _ = time.adding(seconds: .max)
            _ = time.adding(seconds: .min)
            _ = time.httpDate
        }
        if let date = CalendarDate(text) { expect(CalendarDate("\(date)") == date, "another date: \(date)") }
        bytes.withUnsafeBytes { bytes in
            if let id = UUID(text: bytes) { expect(UUID(uuidString: id.text) == id, "another UUID: \(id.text)") }
            if let data = Bytes(base64: bytes) {
                let written = Array(data.base64.utf8)
                expect(written.withUnsafeBytes { Bytes(base64: $0) } == data, "other bytes were read back")
            }
        }
        if let uri = URIParts(text) {
            expect(uri.text == text, "another URI is written: \(uri.text)")
            if let base = URIParts("https://example.com/a/b?c#d") { _ = uri.resolved(against: base).text }
        }
        for format in Format.allCases { _ = format.matches(text) }
    }
}
