import ContractCompiler
import Foundation

/// What a configuration file says: `schema-check.yaml`, or a `redocly.yaml` where it means the same.
struct LintConfiguration {
    /// What a rule is set to.
    struct Setting {
        /// Nil for `off`.
        let severity: Finding.Severity?
        /// The rule's options, and its severity among them.
        let options: Node
    }

    private(set) var rulesets: [Ruleset] = [.recommended]
    private(set) var settings: [String: Setting] = [:]
    private(set) var configurableRules: [ConfigurableRule] = []
    /// What differences of contracts are worth, by their ids; nil for `off`.
    private(set) var differences: [String: Finding.Severity?] = [:]
    /// The documents of the contracts that the file lists.
    private(set) var documents: [String] = []
    private var overrides: [(document: String, configuration: LintConfiguration)] = []
    private let folder: String

    /// The files that are looked for where none is named.
    static let names = ["schema-check.yaml", "schema-check.yml", "redocly.yaml", "redocly.yml", ".redocly.yaml"]

    /// Recommended rules and nothing else.
    init() {
        folder = "."
    }

    /// Reads a configuration file; what is wrong with it is in `log`.
    ///
    /// - Parameter ruleset: What the file extends where it does not say so.
    init(_ root: Node, log: inout [Finding]) {
        folder = URL(fileURLWithPath: root.location.file.path).deletingLastPathComponent().path
        read(root, log: &log)
        for member in root["diff"]?.members ?? [] {
            if let severity = Self.severity(member.value) {
                differences.updateValue(severity, forKey: member.key)
            } else {
                log.append(
                    Self.fault(
                        "'\(member.value.scalar?.text ?? "")' is no severity, expected error, warn, info or off",
                        at: member.value
                    )
                )
            }
        }
        for member in root["apis"]?.members ?? [] {
            guard let document = member.value["root"]?.string else { continue }
            let path = SourceFile.realPath(document.hasPrefix("/") ? document : "\(folder)/\(document)")
            documents.append(path)
            var configuration = LintConfiguration()
            configuration.read(member.value, log: &log)
            overrides.append((path, configuration))
        }
    }

    private mutating func read(_ node: Node, log: inout [Finding]) {
        if let extended = node["extends"] {
            rulesets = (extended.items ?? [extended]).compactMap { item in
                let name = item.scalar?.text ?? ""
                if let ruleset = Ruleset(rawValue: name) { return ruleset }
                let names = Ruleset.allCases.map(\.rawValue)
                log.append(
                    Self.fault(
                        "'\(name)' is no ruleset, expected one of \(names.joined(separator: ", "))\(Suggestion.text(for: name, in: names))",
                        at: item
                    )
                )
                return nil
            }
        }
        for member in node["rules"]?.members ?? [] { read(rule: member, log: &log) }
    }

    private mutating func read(rule member: Node.Member, log: inout [Finding]) {
        if member.key.hasPrefix("rule/") || member.key.hasPrefix("assert/") {
            if let rule = ConfigurableRule(member, log: &log) { configurableRules.append(rule) }
            return
        }
        let names = LintRules.all.map(\.name) + Linter.compilerRules
        guard names.contains(member.key) else {
            let suggestion = Suggestion.text(for: member.key, in: names)
            let message = "there is no rule '\(member.key)'\(suggestion)"
            log.append(
                Finding(
                    code: "configuration",
                    severity: .error,
                    message: message,
                    location: member.keyLocation,
                    pointer: member.value.pointer
                )
            )
            return
        }
        let word = member.value["severity"] ?? member.value
        if word.members != nil {
            settings[member.key] = Setting(severity: .error, options: member.value)
        } else if let severity = Self.severity(word) {
            settings[member.key] = Setting(severity: severity, options: member.value)
        } else {
            log.append(
                Self.fault("'\(word.scalar?.text ?? "")' is no severity, expected error, warn, info or off", at: word)
            )
        }
    }

    /// The severity that a word names: `.some(nil)` for `off`, nil for a word that is none.
    static func severity(_ node: Node) -> Finding.Severity?? {
        let text = node.scalar?.text ?? ""
        if text == "off" || text == "false" { return .some(nil) }
        guard let severity = Finding.Severity(rawValue: text == "warning" ? "warn" : text) else { return nil }
        return severity
    }

    static func fault(_ message: String, at node: Node) -> Finding {
        Finding(
            code: "configuration",
            severity: .error,
            message: message,
            location: node.location,
            pointer: node.pointer
        )
    }

    /// The configuration for one document: what the file says for all, then what it says for this one.
    func configuration(for document: String) -> LintConfiguration {
        guard let own = overrides.first(where: { $0.document == SourceFile.realPath(document) })?.configuration else {
            return self
        }
        var merged = self
        merged.settings.merge(own.settings) { $1 }
        merged.configurableRules += own.configurableRules
        return merged
    }

    /// The same with other rulesets.
    func extending(_ rulesets: [Ruleset]) -> LintConfiguration {
        var configuration = self
        if !rulesets.isEmpty { configuration.rulesets = rulesets }
        return configuration
    }

    /// What a rule is worth for a document of a version; nil when it is off.
    func severity(of rule: LintRule, version: String) -> Finding.Severity? {
        guard rule.levels.apply(to: version) else { return nil }
        if let setting = settings[rule.name] { return setting.severity }
        return rulesets.compactMap { $0.severity(of: rule, version: version) }.max()
    }

    var options: [String: Node] { settings.mapValues(\.options) }

    /// Finds the configuration in the working directory, or reads the one that is named.
    static func load(_ path: String?) -> LintConfiguration {
        guard let file = path ?? names.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            return LintConfiguration()
        }
        guard let source = SourceFile(reading: file) else { couldNotRun("'\(file)' cannot be read") }
        var log = DiagnosticLog()
        guard let root = Node.read(source, log: &log) else {
            couldNotRun(PlainText.codeframe(log.sorted.map { Finding($0) }))
        }
        var faults: [Finding] = []
        let configuration = LintConfiguration(root, log: &faults)
        if faults.isEmpty { return configuration }
        // What another tool's configuration has beside what both know is no mistake of it.
        guard URL(fileURLWithPath: file).lastPathComponent.contains("redocly") else {
            couldNotRun("the configuration cannot be used\n" + PlainText.codeframe(faults))
        }
        FileHandle.standardError.write(
            Data(("schema-check: left out of \(file):\n" + PlainText.codeframe(faults)).utf8)
        )
        return configuration
    }
}
