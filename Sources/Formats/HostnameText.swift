/// Checks host names, in ASCII and in other scripts.
enum HostnameText {
    /// Labels of letters, digits and inner hyphens, with at most 63 characters per label and 253 in total (RFC 1123, section 2.1). A label
    /// that starts with `xn--` must be the ASCII form of an international label (RFC 5890, section 2.3.2.1).
    static func isHostname(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.allSatisfy(isASCIILabel)
    }

    /// A host name with labels in any script (RFC 5890, section 2.3.2.3; RFC 5891 and 5892).
    static func isInternationalHostname(_ text: String) -> Bool {
        // Other full stops also separate labels (RFC 3490, section 3.1).
        let stops: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
        let labels = text.unicodeScalars.split(omittingEmptySubsequences: false) { stops.contains($0) }
        // If any label is right-to-left, all labels must satisfy the Bidi rule (RFC 5893, section 2).
        let isBidirectional = text.unicodeScalars.contains(where: isRightToLeft)
        if isBidirectional, !labels.allSatisfy({ hasOneDirection(Array($0)) }) { return false }
        var length = labels.count - 1
        for label in labels.map({ String($0) }) {
            guard !label.isEmpty else { return false }
            if label.utf8.allSatisfy({ $0 < 0x80 }) {
                guard isASCIILabel(label[...]) else { return false }
                length += label.utf8.count
            } else {
                guard let encoded = Punycode.encode(label), isInternationalLabel(Array(label.unicodeScalars)),
                    encoded.utf8.count + 4 <= 63
                else { return false }
                length += encoded.utf8.count + 4
            }
        }
        return length <= 253
    }

    private static func isASCIILabel(_ label: Substring) -> Bool {
        let bytes = Array(label.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-"),
            bytes.allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "-") })
        else { return false }
        guard bytes.count >= 4, bytes[2] == UInt8(ascii: "-"), bytes[3] == UInt8(ascii: "-") else { return true }
        guard label.lowercased().hasPrefix("xn--") else { return false }
        guard let decoded = Punycode.decode(String(label.dropFirst(4)).lowercased()) else { return false }
        return decoded.contains { !$0.isASCII } && isInternationalLabel(decoded)
            && (!decoded.contains(where: isRightToLeft) || hasOneDirection(decoded))
            && Punycode.encode(String(String.UnicodeScalarView(decoded))) == label.dropFirst(4).lowercased()
    }

    /// Checks a label (RFC 5891, section 4.2) with the code points that RFC 5892 derives from Unicode properties.
    private static func isInternationalLabel(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, first != "-", label.last != "-", !isMark(first),
            !(label.count >= 4 && label[2] == "-" && label[3] == "-")
        else { return false }
        return label.indices.allSatisfy { isAllowed(label, at: $0) }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        [.nonspacingMark, .spacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
    }

    private static func isAllowed(_ label: [Unicode.Scalar], at index: Int) -> Bool {
        let scalar = label[index]
        let before = index > 0 ? label[index - 1] : nil
        let after = index + 1 < label.count ? label[index + 1] : nil
        // The contextual rules of RFC 5892, appendix A.
        switch scalar.value {
        case 0x200C: return before?.properties.canonicalCombiningClass == .virama || joins(label, around: index)
        case 0x200D: return before?.properties.canonicalCombiningClass == .virama
        case 0xB7: return before == "l" && after == "l"
        case 0x375:
            return after.map { (0x370...0x3FF).contains($0.value) || (0x1F00...0x1FFF).contains($0.value) } ?? false
        case 0x5F3, 0x5F4: return before.map { (0x591...0x5F4).contains($0.value) } ?? false
        case 0x30FB: return label.contains(where: isJapanese)
        case 0x660...0x669: return !label.contains { (0x6F0...0x6F9).contains($0.value) }
        case 0x6F0...0x6F9: return !label.contains { (0x660...0x669).contains($0.value) }
        // The exceptions of RFC 5892, section 2.6.
        case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return true
        case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: return false
        default: break
        }
        if scalar.isASCII {
            return scalar == "-" || scalar.properties.numericType == .decimal || ("a"..."z").contains(scalar)
        }
        if (0x1100...0x11FF).contains(scalar.value) || (0xA960...0xA97F).contains(scalar.value)
            || (0xD7B0...0xD7FF).contains(scalar.value)
        {
            // Old Hangul jamo (RFC 5892, section 2.9).
            return false
        }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint || properties.isWhitespace {
            return false
        }
        // A code point that folding would change is unstable (RFC 5892, section 2.2).
        guard !properties.changesWhenNFKCCaseFolded else {
            return false
        }
        return [
            .lowercaseLetter, .uppercaseLetter, .otherLetter, .modifierLetter, .decimalNumber, .nonspacingMark,
            .spacingMark,
        ]
        .contains(properties.generalCategory)
    }

    private static func isJapanese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF, 0x3005, 0x3007,
            0x2E80...0x2FD5, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }

    /// Whether a zero-width non-joiner is between cursive letters (RFC 5892, appendix A.1). Swift has no joining types, so all letters of
    /// Arabic and Syriac count as dual-joining.
    private static func joins(_ label: [Unicode.Scalar], around index: Int) -> Bool {
        func isCursive(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { (0x620...0x6D5).contains($0.value) || (0x710...0x7FF).contains($0.value) } ?? false
        }
        return isCursive(label[..<index].last { !isMark($0) }) && isCursive(label[(index + 1)...].first { !isMark($0) })
    }

    /// The Bidi rule (RFC 5893, section 2): the label starts with a letter, and has one direction and one kind of digits.
    private static func hasOneDirection(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, first.properties.numericType == nil else { return false }
        guard label.contains(where: isRightToLeft) else { return true }
        let hasEuropeanDigit = label.contains {
            $0.isASCII && $0.properties.numericType != nil || (0x6F0...0x6F9).contains($0.value)
        }
        let hasArabicDigit = label.contains { (0x660...0x669).contains($0.value) }
        return isRightToLeft(first) && !(hasEuropeanDigit && hasArabicDigit)
            && !label.contains {
                [.lowercaseLetter, .otherLetter].contains($0.properties.generalCategory) && !isRightToLeft($0)
            }
    }

    private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
        [0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF]
            .contains { $0.contains(scalar.value) } && scalar.properties.generalCategory == .otherLetter
    }
}

/// Encodes and decodes the ASCII form of international labels (RFC 3492).
enum Punycode {
    private static let base = 36
    private static let firstThreshold = 1
    private static let lastThreshold = 26

    /// Decodes a label without its `xn--`; nil if it is invalid.
    static func decode(_ text: String) -> [Unicode.Scalar]? {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        let delimiter = bytes.lastIndex(of: UInt8(ascii: "-"))
        var output = bytes[..<(delimiter ?? 0)].map { UInt32($0) }
        var rest = bytes[(delimiter.map { $0 + 1 } ?? 0)...]
        var (code, index, bias) = (128, 0, 72)
        while !rest.isEmpty {
            let start = index
            var (weight, position) = (1, base)
            while true {
                guard let byte = rest.popFirst(), let digit = digit(byte), weight < 1 << 30 else { return nil }
                index += digit * weight
                let threshold = threshold(position, bias)
                if digit < threshold { break }
                weight *= base - threshold
                position += base
            }
            guard index < 1 << 30 else { return nil }
            bias = adapted(index - start, output.count + 1, isFirst: start == 0)
            code += index / (output.count + 1)
            index %= output.count + 1
            guard code <= 0x10FFFF else { return nil }
            output.insert(UInt32(code), at: index)
            index += 1
        }
        let scalars = output.compactMap(Unicode.Scalar.init)
        return scalars.count == output.count ? scalars : nil
    }

    /// Encodes a label, without `xn--`; nil if it has more than 63 code points.
    static func encode(_ text: String) -> String? {
        let input = text.unicodeScalars.map { Int($0.value) }
        guard input.count <= 63 else { return nil }
        var output = input.filter { $0 < 128 }.map { UInt8(truncatingIfNeeded: $0) }
        let basic = output.count
        if basic > 0 { output.append(UInt8(ascii: "-")) }
        var (code, delta, bias, handled) = (128, 0, 72, basic)
        while handled < input.count {
            let next = input.filter { $0 >= code }.min() ?? code
            delta += (next - code) * (handled + 1)
            code = next
            for value in input {
                if value < code { delta += 1 }
                guard value == code else { continue }
                var (quotient, position) = (delta, base)
                while true {
                    let threshold = threshold(position, bias)
                    if quotient < threshold { break }
                    output.append(character(threshold + (quotient - threshold) % (base - threshold)))
                    quotient = (quotient - threshold) / (base - threshold)
                    position += base
                }
                output.append(character(quotient))
                bias = adapted(delta, handled + 1, isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func threshold(_ position: Int, _ bias: Int) -> Int {
        min(max(position - bias, firstThreshold), lastThreshold)
    }

    private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var position = 0
        while delta > (base - firstThreshold) * lastThreshold / 2 {
            delta /= base - firstThreshold
            position += base
        }
        return position + (base - firstThreshold + 1) * delta / (delta + 38)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        if byte.isDigit { return Int(byte) - 0x30 + 26 }
        return byte.isLetter ? Int(byte | 0x20) - 0x61 : nil
    }

    private static func character(_ digit: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: digit < 26 ? digit + 0x61 : digit - 26 + 0x30)
    }
}
