using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    /// <summary>A parameter whose value configuration gives under <c>Parameters:name</c>.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddFromConfiguration(name, $"Parameters:{name}", secret);

    /// <summary>A parameter whose value code gives.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value,
        bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddParameter(name, () => value, publishValueAsDefault, secret);

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter,
        bool publishValueAsDefault = false, bool secret = false)
    {
        if (publishValueAsDefault && secret)
        {
            throw new ArgumentException("A parameter cannot be both secret and published as a default value.");
        }

        return builder.AddResource(new ParameterResource(name, _ => valueGetter(), secret));
    }

    /// <summary>
    /// A parameter that configuration may give under <c>Parameters:name</c>, else a default.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false,
        bool persist = false)
    {
        _ = persist;
        var parameter = builder.AddFromConfiguration(name, $"Parameters:{name}", secret);
        parameter.Resource.Default = value;
        return parameter;
    }

    public static IResourceBuilder<ParameterResource> AddParameterFromConfiguration(
        this IDistributedApplicationBuilder builder, string name, string configurationKey, bool secret = false) =>
        builder.AddFromConfiguration(name, configurationKey, secret);

    /// <summary>A connection string that configuration gives under <c>ConnectionStrings:name</c>.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null) =>
        builder.AddResource(new ConnectionStringParameterResource(
            name,
            _ => builder.Configuration.GetConnectionString(name) ?? throw new MissingParameterValueException(
                $"Connection string parameter resource could not be used because connection string '{name}' is missing."),
            environmentVariableName)
        { IsConnectionString = true });

    /// <summary>
    /// A password made up for this run, unless configuration has one under <c>Parameters:name</c>.
    /// </summary>
    public static ParameterResource CreateDefaultPasswordParameter(
        IDistributedApplicationBuilder builder, string name, bool lower = true, bool upper = true,
        bool numeric = true, bool special = true, int minLower = 0, int minUpper = 0, int minNumeric = 0,
        int minSpecial = 0)
    {
        var minLength = minLower + minUpper + minNumeric + minSpecial;
        return new ParameterResource(name, ValueOf(builder.Configuration, name, $"Parameters:{name}"), secret: true)
        {
            Default = new GenerateParameterDefault
            {
                Lower = lower,
                Upper = upper,
                Numeric = numeric,
                Special = special,
                MinLength = minLength,
            },
        };
    }

    public static IResourceBuilder<ParameterResource> WithDescription(
        this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        _ = enableMarkdown;
        builder.Resource.Description = description;
        return builder;
    }

    private static IResourceBuilder<ParameterResource> AddFromConfiguration(
        this IDistributedApplicationBuilder builder, string name, string key, bool secret) =>
        builder.AddResource(new ParameterResource(name, ValueOf(builder.Configuration, name, key), secret));

    private static Func<ParameterDefault?, string> ValueOf(ConfigurationManager configuration, string name, string key) =>
        fallback => configuration[key]
            // A variable's name cannot hold a hyphen in most shells.
            ?? configuration[key.Replace('-', '_')]
            ?? fallback?.GetDefaultValue()
            ?? throw new MissingParameterValueException(
                $"Parameter resource '{name}' could not be used because configuration key '{key}' is missing "
                + "and the Parameter has no default value.");
}

public static class ConnectionStringBuilderExtensions
{
    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, ReferenceExpression connectionStringExpression)
    {
        var added = builder.AddResource(new ConnectionStringResource(name, connectionStringExpression));
        foreach (var resource in Orchestration.Dependencies.ResourcesIn(connectionStringExpression))
        {
            added.WithReferenceRelationship(resource);
        }

        return added;
    }

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name,
        Action<ReferenceExpressionBuilder> connectionStringBuilder)
    {
        var expression = new ReferenceExpressionBuilder();
        connectionStringBuilder(expression);
        return builder.AddConnectionString(name, expression.Build());
    }
}
