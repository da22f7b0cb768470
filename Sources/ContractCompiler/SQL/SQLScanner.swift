/// Finds named parameters in SQL text, line by line.
struct SQLScanner {
    let names: [String]
    private(set) var used: Set<String> = []
    private(set) var unknown: [(name: String, line: Int, column: Int)] = []
    private var quote: Character?

    init(names: [String]) {
        self.names = names
    }

    mutating func numbered(_ line: String, line number: Int) -> String {
        let characters = Array(line)
        var result = ""
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "-", index + 1 < characters.count, characters[index + 1] == "-" {
                return result + String(characters[index...])
            } else if character == ":", index + 1 < characters.count, characters[index + 1] == ":" {
                result += "::"
                index += 2
                continue
            } else if character == ":", index + 1 < characters.count, characters[index + 1].isLetter {
                let name = String(characters[(index + 1)...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                result += parameter(name, number, index + 1)
                index += name.count + 1
                continue
            }
            result.append(character)
            index += 1
        }
        return result
    }

    private mutating func parameter(_ name: String, _ line: Int, _ column: Int) -> String {
        guard let position = names.firstIndex(of: name) else {
            unknown.append((name, line, column))
            return ":\(name)"
        }
        used.insert(name)
        return "$\(position + 1)"
    }
}
