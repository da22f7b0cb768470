/// The names in `\p{…}`, for the properties that Swift provides (ECMA-262, table 66 to 68).
enum UnicodeProperty {
    static func named(_ name: String) -> ScalarSet.Property? {
        let parts = name.split(separator: "=", omittingEmptySubsequences: false)
        if parts.count == 2, let property = parts.first, let value = parts.last {
            guard property == "General_Category" || property == "gc" else { return nil }
            return category(String(value))
        }
        return binary(name) ?? category(name)
    }

    private static func category(_ name: String) -> ScalarSet.Property? {
        let short = longNames[name] ?? name
        if let major = majors[short] { return { major.contains($0.properties.generalCategory) } }
        guard let category = categories[short] else { return nil }
        return { $0.properties.generalCategory == category }
    }

    private static func binary(_ name: String) -> ScalarSet.Property? {
        switch name {
        case "Any": { _ in true }
        case "ASCII": { $0.isASCII }
        case "Alphabetic", "Alpha": { $0.properties.isAlphabetic }
        case "Uppercase", "Upper": { $0.properties.isUppercase }
        case "Lowercase", "Lower": { $0.properties.isLowercase }
        case "White_Space", "space": { $0.properties.isWhitespace }
        case "Emoji": { $0.properties.isEmoji }
        case "ID_Start", "IDS": { $0.properties.isIDStart }
        case "ID_Continue", "IDC": { $0.properties.isIDContinue }
        case "Hex_Digit", "Hex": { $0.properties.isHexDigit }
        case "ASCII_Hex_Digit", "AHex": { $0.properties.isASCIIHexDigit }
        default: nil
        }
    }

    private static let categories: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter,
        "Lo": .otherLetter,
        "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark,
        "Nd": .decimalNumber, "Nl": .letterNumber, "No": .otherNumber,
        "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation, "Pe": .closePunctuation,
        "Pi": .initialPunctuation, "Pf": .finalPunctuation, "Po": .otherPunctuation,
        "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol, "So": .otherSymbol,
        "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator,
        "Cc": .control, "Cf": .format, "Cs": .surrogate, "Co": .privateUse, "Cn": .unassigned,
    ]

    /// `L` is every category whose name starts with it. `LC` is the cased letters.
    private static let majors: [String: Set<Unicode.GeneralCategory>] = {
        var majors = Dictionary(grouping: categories) { String($0.key.prefix(1)) }.mapValues { Set($0.map(\.value)) }
        majors["LC"] = [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]
        return majors
    }()

    private static let longNames = [
        "Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll",
        "Titlecase_Letter": "Lt",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
        "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
        "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
        "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi",
        "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm",
        "Currency_Symbol": "Sc",
        "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
        "Line_Separator": "Zl",
        "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Surrogate": "Cs",
        "Private_Use": "Co", "Unassigned": "Cn",
    ]
}
