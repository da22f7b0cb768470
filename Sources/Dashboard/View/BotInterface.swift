import ContractRuntime

/// The address of a bot's own user interface, as a link that is safe to show.
///
/// Bots report the address, so it is a link only if it is plain `http` or `https` with an ASCII host and no user name, which could be
/// mistaken for the host.
struct BotInterface {
    let href: String
    /// The host and the port, which the link shows.
    let host: String

    /// Reads a reported address; nil if it is not safe as a link.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        let schemes = ["http://", "https://"].map { Array($0.utf8) }
        let lowercased = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        guard let scheme = schemes.first(where: { lowercased.starts(with: $0) }) else { return nil }
        let ends = Set("/?#".utf8)
        let authority = bytes.dropFirst(scheme.count).prefix { !ends.contains($0) }
        guard !authority.isEmpty, authority.allSatisfy(Self.isPartOfHost) else { return nil }
        href = text
        host = String(decoding: authority, as: UTF8.self)
    }

    private static func isPartOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: Set(".-:[]".utf8).contains(byte)
        }
    }
}
