import Mustache

/// The templates, parsed once. A test parses each of them.
enum Templates {
    static let library: MustacheLibrary = {
        // traps: the names are those of our own templates, in ASCII.
        var templates: [String: MustacheTemplate] = [:]
        for (name, bytes) in sources { templates[name] = template(String(decoding: bytes, as: UTF8.self)) }
        return MustacheLibrary(templates: templates)
    }()

    /// The pragma that selects our escaper. The library resets it in each partial, so every template starts with it.
    private static let pragma: String = {
        MustacheContentTypes.register(EscapedContent(), named: EscapedContent.name)
        return "{{% CONTENT_TYPE: \(EscapedContent.name)}}"
    }()

    /// The names and sources of the templates.
    static let sources: [(name: String, bytes: [UInt8])] = [
        ("layout", PackageResources.layout_mustache), ("fragment", PackageResources.fragment_mustache),
        ("block", PackageResources.block_mustache), ("confirmation", PackageResources.confirmation_mustache),
        ("figure", PackageResources.figure_mustache), ("items", PackageResources.items_mustache),
        ("table", PackageResources.table_mustache), ("columns", PackageResources.columns_mustache),
        ("cell", PackageResources.cell_mustache), ("words", PackageResources.words_mustache),
        ("form", PackageResources.form_mustache), ("button", PackageResources.button_mustache),
        ("chart", PackageResources.chart_mustache), ("time", PackageResources.time_mustache),
        ("signin", PackageResources.signin_mustache),
    ]

    /// The values that are inserted without escaping: drawings contain only numbers, and the HTML of a block is the result of a template.
    private static let trusted = ["{{{.drawing}}}", "{{{.html}}}"]

    /// Parses a template that uses our escaper; nil if it is invalid or inserts anything else unescaped.
    static func template(_ text: String) -> MustacheTemplate? {
        let rest = trusted.reduce(text) { rest, value in
            rest.split(separator: value, omittingEmptySubsequences: false).joined()
        }
        let bypasses = ["{{{", "{{&", "{{ &", "{{%", "{{="]
        if bypasses.contains(where: { rest.contains($0) }) { return nil }
        return try? MustacheTemplate(string: pragma + text)
    }
}
