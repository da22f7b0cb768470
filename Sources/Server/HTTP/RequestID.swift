import NIOHTTP1
import Synchronization

/// The id that identifies a request in the log.
enum RequestID {
    /// The client's `X-Request-ID` if it is short and printable, else a random id.
    static func of(_ head: HTTPRequestHead) -> String {
        if let id = head.headers.first(name: "X-Request-ID"), !id.isEmpty, id.utf8.count <= 64,
            id.utf8.allSatisfy(\.isNameByte)
        {
            return id
        }
        return random()
    }

    private static let first = UInt64.random(in: 0 ... .max)
    private static let count = Atomic<UInt64>(0)

    /// A unique number of a sequence with a random start. This avoids a system call for random numbers.
    static func random() -> String {
        // SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
        var number = first &+ count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        number ^= number >> 31
        return number.hexadecimal
    }
}

extension UInt64 {
    /// 16 hexadecimal digits.
    var hexadecimal: String {
        String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * place)) & 0xF
                text[place] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
            }
            return 16
        }
    }
}

extension UInt8 {
    /// Whether it is an ASCII letter or digit, `-`, `_` or `.`.
    var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
