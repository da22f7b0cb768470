import Mustache

/// The templates, read once. A template that cannot be read is a mistake that the first test finds.
enum Templates {
    static let library: MustacheLibrary = {
        // traps: the names are those of our own templates, in ASCII.
        var templates: [String: MustacheTemplate] = [:]
        for (name, bytes) in sources { templates[name] = template(String(decoding: bytes, as: UTF8.self)) }
        return MustacheLibrary(templates: templates)
    }()

    /// The pragma that selects our escaper. The library forgets it where a partial begins, so each template has it.
    private static let pragma: String = {
        MustacheContentTypes.register(EscapedContent(), named: EscapedContent.name)
        return "{{% CONTENT_TYPE: \(EscapedContent.name)}}"
    }()

    /// The templates by their names.
    static let sources: [(name: String, bytes: [UInt8])] = [
        ("layout", PackageResources.layout_mustache), ("block", PackageResources.block_mustache),
        ("figure", PackageResources.figure_mustache), ("items", PackageResources.items_mustache),
        ("table", PackageResources.table_mustache), ("cell", PackageResources.cell_mustache),
        ("form", PackageResources.form_mustache), ("button", PackageResources.button_mustache),
        ("chart", PackageResources.chart_mustache), ("time", PackageResources.time_mustache),
        ("signin", PackageResources.signin_mustache),
    ]

    /// The one value that is inserted as it is: a drawing is made of numbers alone.
    private static let drawing = "{{{.drawing}}}"

    /// A template whose values our own escaper escapes; nil for an invalid template, and for one that inserts anything
    /// but a drawing unescaped.
    static func template(_ text: String) -> MustacheTemplate? {
        let rest = text.split(separator: drawing, omittingEmptySubsequences: false).joined()
        let bypasses = ["{{{", "{{&", "{{ &", "{{%", "{{="]
        if bypasses.contains(where: { rest.contains($0) }) { return nil }
        return try? MustacheTemplate(string: pragma + text)
    }
}
