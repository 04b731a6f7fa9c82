using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A text with holes that endpoints, parameters and other values fill when it is asked for.
/// </summary>
public sealed class ReferenceExpression : IManifestExpressionProvider, IValueProvider, IValueWithReferences
{
    public static readonly ReferenceExpression Empty = new("", [], [], []);

    private readonly string?[] _stringFormats;

    private ReferenceExpression(
        string format, IValueProvider[] valueProviders, string[] manifestExpressions, string?[] stringFormats)
    {
        Format = format;
        ValueProviders = valueProviders;
        ManifestExpressions = manifestExpressions;
        _stringFormats = stringFormats;
    }

    /// <summary>The text in the form of <see cref="string.Format(string, object[])"/>.</summary>
    public string Format { get; }
    public IReadOnlyList<IValueProvider> ValueProviders { get; }
    public IReadOnlyList<string> ManifestExpressions { get; }
    public IReadOnlyList<string?> StringFormats => _stringFormats;
    public IEnumerable<object> References => ValueProviders;

    public string ValueExpression =>
        string.Format(CultureInfo.InvariantCulture, Format, [.. ManifestExpressions]);

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) =>
        handler.Build();

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) =>
        GetValueAsync(new ValueProviderContext(), cancellationToken);

    public async ValueTask<string?> GetValueAsync(
        ValueProviderContext context, CancellationToken cancellationToken)
    {
        if (Format.Length == 0) return null;

        var values = new object?[ValueProviders.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var value = await ValueProviders[i].GetValueAsync(context, cancellationToken);
            values[i] = _stringFormats[i] == "uri" && value is not null ? Uri.EscapeDataString(value) : value;
        }

        return string.Format(CultureInfo.InvariantCulture, Format, values);
    }

    internal sealed class Parts
    {
        private readonly StringBuilder _format = new();
        private readonly List<IValueProvider> _providers = [];
        private readonly List<string> _expressions = [];
        private readonly List<string?> _formats = [];

        public bool IsEmpty => _format.Length == 0;

        public void Literal(string? text) => _format.Append(
            text?.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));

        public void Text(string? value, string? format) =>
            Literal(format == "uri" && value is not null ? Uri.EscapeDataString(value) : value);

        public void Value(object provider, string? format)
        {
            if (format is not (null or "" or "uri"))
            {
                throw new FormatException($"The format '{format}' is not supported in a reference expression.");
            }

            _format.Append(CultureInfo.InvariantCulture, $"{{{_providers.Count}}}");
            _providers.Add((IValueProvider)provider);
            _expressions.Add(((IManifestExpressionProvider)provider).ValueExpression);
            _formats.Add(format);
        }

        public ReferenceExpression Build() =>
            new(_format.ToString(), [.. _providers], [.. _expressions], [.. _formats]);
    }

    [InterpolatedStringHandler]
    public readonly ref struct ExpressionInterpolatedStringHandler
    {
        private readonly Parts _parts = new();

        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
        {
            _ = (literalLength, formattedCount);
        }

        public void AppendLiteral(string value) => _parts.Literal(value);

        public void AppendFormatted(string? value) => _parts.Text(value, format: null);

        public void AppendFormatted(string? value, string? format = null) => _parts.Text(value, format);

        public void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider =>
                _parts.Value(valueProvider, format: null);

        public void AppendFormatted<T>(T valueProvider, string? format = null)
            where T : IValueProvider, IManifestExpressionProvider => _parts.Value(valueProvider, format);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider =>
            _parts.Value(valueProvider.Resource, format: null);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider =>
            _parts.Value(valueProvider.Resource, format);

        internal ReferenceExpression Build() => _parts.Build();
    }
}

/// <summary>Composes a <see cref="ReferenceExpression"/> piece by piece.</summary>
public class ReferenceExpressionBuilder
{
    private readonly ReferenceExpression.Parts _parts = new();

    public bool IsEmpty => _parts.IsEmpty;

    public void Append(
        [InterpolatedStringHandlerArgument("")] in ReferenceExpressionBuilderInterpolatedStringHandler handler) =>
        _ = handler;

    public void AppendLiteral(string value) => _parts.Literal(value);

    public void AppendFormatted(string? value) => _parts.Text(value, format: null);

    public void AppendFormatted(string? value, string? format = null) => _parts.Text(value, format);

    public void AppendFormatted<T>(T valueProvider)
        where T : IValueProvider, IManifestExpressionProvider => _parts.Value(valueProvider, format: null);

    public void AppendFormatted<T>(T valueProvider, string? format = null)
        where T : IValueProvider, IManifestExpressionProvider => _parts.Value(valueProvider, format);

    public ReferenceExpression Build() => _parts.Build();

    [InterpolatedStringHandler]
    public readonly ref struct ReferenceExpressionBuilderInterpolatedStringHandler
    {
        private readonly ReferenceExpressionBuilder _builder;

        public ReferenceExpressionBuilderInterpolatedStringHandler(
            int literalLength, int formattedCount, ReferenceExpressionBuilder builder)
        {
            _ = (literalLength, formattedCount);
            _builder = builder;
        }

        public void AppendLiteral(string value) => _builder.AppendLiteral(value);

        public void AppendFormatted(string? value) => _builder.AppendFormatted(value);

        public void AppendFormatted(string? value, string? format = null) =>
            _builder.AppendFormatted(value, format);

        public void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider => _builder.AppendFormatted(valueProvider);

        public void AppendFormatted<T>(T valueProvider, string? format = null)
            where T : IValueProvider, IManifestExpressionProvider =>
            _builder.AppendFormatted(valueProvider, format);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider =>
            _builder.AppendFormatted(valueProvider.Resource);
    }
}
