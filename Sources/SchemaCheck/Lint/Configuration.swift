import ContractCompiler
import Foundation

/// A configuration file: `schema-check.yaml`, or a `redocly.yaml` with the settings that both tools share.
struct LintConfiguration {
    /// The setting of a rule.
    struct Setting {
        /// Nil means `off`.
        let severity: Finding.Severity?
        /// The mapping with the rule's options, including its severity.
        let options: Node
    }

    private(set) var rulesets: [Ruleset] = [.recommended]
    private(set) var settings: [String: Setting] = [:]
    private(set) var configurableRules: [ConfigurableRule] = []
    /// The severities of contract differences by code; nil means `off`.
    private(set) var differences: [String: Finding.Severity?] = [:]
    /// The documents listed under `apis`.
    private(set) var documents: [String] = []
    private var overrides: [(document: String, configuration: LintConfiguration)] = []
    private let folder: String

    /// The default file names, in order of preference.
    static let names = ["schema-check.yaml", "schema-check.yml", "redocly.yaml", "redocly.yml", ".redocly.yaml"]

    /// The recommended ruleset without changes.
    init() {
        folder = "."
    }

    /// Reads a configuration file. Errors are added to `log`.
    ///
    /// - Parameter ruleset: The ruleset to use if the file has no `extends`.
    init(_ root: Node, log: inout [Finding]) {
        folder = URL(fileURLWithPath: root.location.file.path).deletingLastPathComponent().path
        read(root, log: &log)
        for member in root["diff"]?.members ?? [] {
            if let severity = Self.severity(member.value) {
                differences.updateValue(severity, forKey: member.key)
            } else {
                log.append(
                    Self.fault(
                        "'\(member.value.scalar?.text ?? "")' is not a severity, expected error, warn, info or off",
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
                        "'\(name)' is not a ruleset, expected one of \(names.joined(separator: ", "))\(Suggestion.text(for: name, in: names))",
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
            let message = "unknown rule '\(member.key)'\(suggestion)"
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
                Self.fault(
                    "'\(word.scalar?.text ?? "")' is not a severity, expected error, warn, info or off",
                    at: word
                )
            )
        }
    }

    /// The severity that a word names: `.some(nil)` for `off`, nil for an unknown word.
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

    /// The configuration for one document: general settings, then those of the document.
    func configuration(for document: String) -> LintConfiguration {
        guard let own = overrides.first(where: { $0.document == SourceFile.realPath(document) })?.configuration else {
            return self
        }
        var merged = self
        merged.settings.merge(own.settings) { $1 }
        merged.configurableRules += own.configurableRules
        return merged
    }

    /// The configuration with other rulesets.
    func extending(_ rulesets: [Ruleset]) -> LintConfiguration {
        var configuration = self
        if !rulesets.isEmpty { configuration.rulesets = rulesets }
        return configuration
    }

    /// The severity of a rule for a document of a version; nil if it is off.
    func severity(of rule: LintRule, version: String) -> Finding.Severity? {
        guard rule.levels.apply(to: version) else { return nil }
        if let setting = settings[rule.name] { return setting.severity }
        return rulesets.compactMap { $0.severity(of: rule, version: version) }.max()
    }

    var options: [String: Node] { settings.mapValues(\.options) }

    /// Reads the named file, or the configuration in the working directory.
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
        // Another tool's configuration may have settings that we do not support; that is not an error.
        guard URL(fileURLWithPath: file).lastPathComponent.contains("redocly") else {
            couldNotRun("the configuration is invalid\n" + PlainText.codeframe(faults))
        }
        FileHandle.standardError.write(
            Data(("schema-check: ignored settings in \(file):\n" + PlainText.codeframe(faults)).utf8)
        )
        return configuration
    }
}
