/// The casing of a name.
enum Casing: String, CaseIterable {
    case camelCase, PascalCase, snake_case
    case kebabCase = "kebab-case"
    case macroCase = "MACRO_CASE"
    case cobolCase = "COBOL-CASE"
    case flatcase

    /// Whether a name has this casing.
    func matches(_ name: String) -> Bool {
        switch self {
        case .camelCase: name.wholeMatch(of: #/[a-z][A-Za-z0-9]*/#) != nil
        case .PascalCase: name.wholeMatch(of: #/[A-Z][A-Za-z0-9]*/#) != nil
        case .snake_case: name.wholeMatch(of: #/[a-z][a-z0-9]*(_[a-z0-9]+)*/#) != nil
        case .kebabCase: name.wholeMatch(of: #/[a-z][a-z0-9]*(-[a-z0-9]+)*/#) != nil
        case .macroCase: name.wholeMatch(of: #/[A-Z][A-Z0-9]*(_[A-Z0-9]+)*/#) != nil
        case .cobolCase: name.wholeMatch(of: #/[A-Z][A-Z0-9]*(-[A-Z0-9]+)*/#) != nil
        case .flatcase: name.wholeMatch(of: #/[a-z][a-z0-9]*/#) != nil
        }
    }

    /// The words of a name in lower case: `getBotsNow` and `get-bots_now` have three.
    static func words(of name: String) -> [String] {
        name.replacing(#/([a-z0-9])([A-Z])/#) { "\($0.1) \($0.2)" }.split { !$0.isLetter && !$0.isNumber }.map {
            $0.lowercased()
        }
    }
}
