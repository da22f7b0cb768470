import ContractRuntime
import Dashboard
import Generated

/// The API reference as one HTML page, rendered from the contract. It has no scripts and loads nothing.
struct ReferencePage {
    private let contract: JSONValue

    /// Parses the contract that this server was built from.
    init() {
        // The generator emits valid JSON, and a test parses it.
        contract = (try? JSONValue(json: Array(ContractDocument.json.utf8))) ?? .null
    }

    var html: String {
        let groups = tags.map { tag in (tag, operations.filter { $0.tag == tag.name }) }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Self.escaped(ContractDocument.title)) API \(ContractDocument.version)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <nav aria-label="Contents">
            <h2>\(Self.escaped(ContractDocument.title)) \(ContractDocument.version)</h2>
            \(groups.map { tag, operations in contents(tag.name, operations) }.joined(separator: "\n"))
            <h3>Schemas</h3>
            <ul>\(schemas.map { ##"<li><a href="#schema-\##($0.name)">\##($0.name)</a></li>"## }.joined())</ul>
            </nav>
            <main>
            <h1>\(Self.escaped(ContractDocument.title)) API</h1>
            \(Self.prose(contract["info"]?["description"]))
            <p>The API serves the contract at <code>/openapi.json</code> and <code>/openapi.yaml</code>.</p>
            \(securitySchemes)
            \(groups.map { tag, operations in section(tag, operations) }.joined(separator: "\n"))
            <h2>Schemas</h2>
            \(schemas.map(schema).joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    // MARK: - The contract

    private struct Operation {
        let path: String
        let method: String
        let tag: String
        let value: JSONValue
        /// The parameters of all operations of the path.
        let shared: [JSONValue]

        var id: String { value["operationId"]?.text ?? "" }
    }

    private var tags: [(name: String, description: JSONValue?)] {
        (contract["tags"]?.items ?? []).map { ($0["name"]?.text ?? "", $0["description"]) }
    }

    private var operations: [Operation] {
        (contract["paths"]?.members ?? []).flatMap { path in
            let shared = path.value["parameters"]?.items ?? []
            return path.value.members.filter { $0.value["operationId"] != nil }.map { method in
                Operation(
                    path: path.name,
                    method: method.name.uppercased(),
                    tag: method.value["tags"]?.items.first?.text ?? "",
                    value: method.value,
                    shared: shared
                )
            }
        }
    }

    private var schemas: [JSONMember] {
        (contract["components"]?["schemas"]?.members ?? []).sorted { $0.name < $1.name }
    }

    /// The target of a reference within the document, or the value itself.
    private func dereferenced(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        return reference.split(separator: "/").dropFirst().reduce(contract) { $0[String($1)] ?? .null }
    }

    // MARK: - Sections

    private func contents(_ tag: String, _ operations: [Operation]) -> String {
        let items = operations.map {
            ##"<li><a href="#\##($0.id)">\##(Self.escaped($0.value["summary"]?.text ?? $0.id))</a></li>"##
        }
        return "<h3>\(Self.escaped(tag))</h3>\n<ul>\(items.joined())</ul>"
    }

    private var securitySchemes: String {
        let schemes = contract["components"]?["securitySchemes"]?.members ?? []
        let items = schemes.map { scheme in
            let name = Self.escaped(scheme.value["name"]?.text ?? scheme.name)
            return "<dt><code>\(name)</code></dt><dd>\(Self.prose(scheme.value["description"]))</dd>"
        }
        return "<h2>Credentials</h2>\n<dl>\(items.joined())</dl>"
    }

    private func section(_ tag: (name: String, description: JSONValue?), _ operations: [Operation]) -> String {
        """
        <section>
        <h2>\(Self.escaped(tag.name))</h2>
        \(Self.prose(tag.description))
        \(operations.map(operation).joined(separator: "\n"))
        </section>
        """
    }

    private func operation(_ operation: Operation) -> String {
        let value = operation.value
        return """
            <article id="\(operation.id)">
            <h3><span class="method">\(operation.method)</span> <code>\(Self.escaped(operation.path))</code></h3>
            <p><strong>\(Self.escaped(value["summary"]?.text ?? ""))</strong> \(access(value))</p>
            \(Self.prose(value["description"]))
            \(parameters(operation))
            \(body(value))
            \(responses(value))
            </article>
            """
    }

    private func access(_ operation: JSONValue) -> String {
        let requirements = (operation["security"] ?? contract["security"])?.items ?? []
        let roles = requirements.flatMap(\.members).flatMap(\.value.items).compactMap(\.text)
        if requirements.isEmpty {
            let agents = operation["x-optional-security"] == nil ? "" : ", or agent token if required"
            return "<small>no token\(agents)</small>"
        }
        return "<small>\(roles.isEmpty ? "credentials" : Self.escaped(roles.joined(separator: ", ")))</small>"
    }

    private func parameters(_ operation: Operation) -> String {
        let parameters = (operation.shared + (operation.value["parameters"]?.items ?? [])).map(dereferenced)
        if parameters.isEmpty { return "" }
        let rows = parameters.map { parameter in
            let isRequired = parameter["required"] == .boolean(true)
            return row(
                Self.escaped(parameter["name"]?.text ?? "") + (isRequired ? "" : " <small>optional</small>"),
                "\(type(parameter["schema"] ?? .null)) <small>\(Self.escaped(parameter["in"]?.text ?? ""))</small>",
                parameter["description"]
            )
        }
        return table("Parameters", rows)
    }

    private func body(_ operation: JSONValue) -> String {
        guard let body = operation["requestBody"].map(dereferenced) else { return "" }
        let contents = body["content"]?.members ?? []
        let rows = contents.map { row(Self.escaped($0.name), type($0.value["schema"] ?? .null), body["description"]) }
        return table("Request body", rows)
    }

    private func responses(_ operation: JSONValue) -> String {
        let rows = (operation["responses"]?.members ?? []).map { response in
            let value = dereferenced(response.value)
            let content = value["content"]?.members.first
            return row(
                response.name,
                content.map { "\(type($0.value["schema"] ?? .null)) <small>\(Self.escaped($0.name))</small>" } ?? "",
                value["description"]
            )
        }
        return table("Responses", rows)
    }

    private func schema(_ schema: JSONMember) -> String {
        let required = Set((schema.value["required"]?.items ?? []).compactMap(\.text))
        let rows = (schema.value["properties"]?.members ?? []).map { property in
            row(
                Self.escaped(property.name) + (required.contains(property.name) ? "" : " <small>optional</small>"),
                type(property.value),
                property.value["description"]
            )
        }
        let example = schema.value["examples"]?.items.first.map {
            "<pre><code>\(Self.escaped(Self.indented($0, "")))</code></pre>"
        }
        return """
            <article id="schema-\(schema.name)">
            <h3>\(Self.escaped(schema.name))</h3>
            \(Self.prose(schema.value["description"]))
            \(rows.isEmpty ? "<p>\(type(schema.value))</p>" : table("Properties", rows))
            \(example ?? "")
            </article>
            """
    }

    /// A short description of the values that a schema accepts.
    private func type(_ schema: JSONValue) -> String {
        if let reference = schema["$ref"]?.text, let name = reference.split(separator: "/").last {
            return ##"<a href="#schema-\##(name)">\##(Self.escaped(String(name)))</a>"##
        }
        for keyword in ["oneOf", "anyOf"] where schema["type"] == nil {
            if let branches = schema[keyword]?.items { return branches.map(type).joined(separator: " or ") }
        }
        if let values = schema["enum"]?.items {
            return values.map { "<code>\(Self.escaped($0.plainText))</code>" }.joined(separator: " ")
        }
        if let constant = schema["const"] { return "<code>\(Self.escaped(constant.plainText))</code>" }
        let types = schema["type"].map { $0.text.map { [$0] } ?? $0.items.compactMap(\.text) } ?? ["any"]
        if types.contains("array"), let items = schema["items"] { return "list of \(type(items))" }
        let bounds = [
            ("minimum", "≥"), ("maximum", "≤"), ("minLength", "length ≥"), ("maxLength", "length ≤"),
            ("maxItems", "items ≤"),
        ]
        .compactMap { keyword, sign in schema[keyword].map { "\(sign) \($0.plainText)" } }
        let words =
            types + [schema["format"]?.text, schema["pattern"]?.text].compactMap { $0 } + bounds
            + [schema["default"].map { "default \($0.plainText)" }].compactMap { $0 }
        return Self.escaped(words.joined(separator: ", "))
    }

    private func table(_ caption: String, _ rows: [String]) -> String {
        rows.isEmpty ? "" : "<table><caption>\(caption)</caption>\(rows.joined())</table>"
    }

    private func row(_ name: String, _ type: String, _ description: JSONValue?) -> String {
        "<tr><th scope=\"row\">\(name)</th><td>\(type)</td><td>\(Self.inline(description?.text ?? ""))</td></tr>\n"
    }

    // MARK: - Text

    private static func prose(_ text: JSONValue?) -> String {
        (text?.text ?? "").split(separator: "\n\n").map { "<p>\(inline(String($0)))</p>" }.joined(separator: "\n")
    }

    /// Escaped text, with the parts between backticks as code.
    private static func inline(_ text: String) -> String {
        escaped(text).split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .map { $0.isMultiple(of: 2) ? String($1) : "<code>\($1)</code>" }.joined()
    }

    static func escaped(_ text: String) -> String { HTMLText.escaped(text) }

    private static func indented(_ value: JSONValue, _ margin: String) -> String {
        let inner = margin + "  "
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { #"\#(inner)"\#($0.name)": \#(indented($0.value, inner))"# }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
        case .array(let items) where !items.isEmpty:
            return "[\n\(items.map { inner + indented($0, inner) }.joined(separator: ",\n"))\n\(margin)]"
        default: return String(decoding: JSONWriter.write(value), as: UTF8.self)
        }
    }

    private static let style = """
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: light-dark(#ddd, #333); }
        body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
        nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; box-sizing: border-box;
          border-right: 1px solid var(--line); font-size: .875rem; }
        nav ul { list-style: none; padding: 0; margin: 0 0 1rem; }
        nav h3 { margin: .75rem 0 .25rem; }
        main { padding: 1rem 2rem 4rem; max-width: 60rem; }
        article { border-top: 1px solid var(--line); padding: .5rem 0 1.5rem; scroll-margin-top: 1rem; }
        h3 code { font-weight: 600; }
        .method { font: 600 .75rem ui-monospace, monospace; border: 1px solid currentColor; border-radius: .25rem;
          padding: .1rem .35rem; }
        table { width: 100%; border-collapse: collapse; font-size: .875rem; margin: .75rem 0; }
        caption { text-align: left; font-weight: 600; }
        th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); }
        th { font-family: ui-monospace, monospace; font-weight: 500; white-space: nowrap; }
        code, pre { font-family: ui-monospace, monospace; font-size: .875em; overflow-wrap: anywhere; }
        pre { overflow: auto; padding: .75rem; border: 1px solid var(--line); border-radius: .25rem; }
        @media (max-width: 48rem) { body { display: block; } nav { position: static; height: auto; border: 0; }
          th { white-space: normal; } table { display: block; overflow-x: auto; } }
        """
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }

    fileprivate var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }

    fileprivate var members: [JSONMember] { if case .object(let members) = self { members } else { [] } }

    /// A string without quotes, any other value as JSON.
    fileprivate var plainText: String { text ?? String(decoding: JSONWriter.write(self), as: UTF8.self) }
}
