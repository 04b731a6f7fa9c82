using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Billing.AppHost.Infrastructure;
using Billing.Contracts;
using Billing.LocalTools;

namespace Billing.AppHost;

/// <summary>One of our processes: a migration run of its own program, and then the program itself.</summary>
/// <param name="Folder">Of the project, below <c>services/</c>.</param>
internal sealed record Service(Stack Stack, string Folder)
{
    private const string Migrate = "migrate";

    private string Project => Path.Combine("..", "services", Folder, $"{Folder}.csproj");

    /// <summary>
    /// The program starts when its run has migrated the database, with the connection strings of the roles
    /// that run; the run alone has the administrator's and the owner's.
    /// </summary>
    public IResourceBuilder<ProjectResource> On(KafkaBroker kafka, Store store)
    {
        var migrations = Add(Resources.Migrations(store.Service))
            .WithArgs(Migrate)
            .WithReference(store.Admin, connectionName: store.Service)
            .WithReference(kafka.Bootstrap, connectionName: Resources.Kafka);
        Connect(migrations, store, DatabaseRoles.All);
        if (store.Server.Resource is { } postgres) migrations.WaitFor(postgres);
        if (kafka.Resource is { } brokerToMigrate) migrations.WaitFor(brokerToMigrate);

        var service = Add(store.Service)
            .WithHttpEndpoint(name: "http")
            .WithHttpHealthCheck("/health/ready")
            .WithReference(kafka.Bootstrap, connectionName: Resources.Kafka)
            .WaitForCompletion(migrations);
        Connect(service, store, DatabaseRoles.All.Where(role => role != DatabaseRoles.Owner));
        Authentication.Configure(service, Stack);
        if (kafka.Resource is { } broker) service.WaitFor(broker);
        if (kafka.IsEmbedded)
            service.WithEnvironment(EmbeddedKafka.FetchWait.Key, EmbeddedKafka.FetchWait.Value);

        return service;
    }

    private IResourceBuilder<ProjectResource> Add(string name)
    {
        RefuseUnbuilt();
        return Stack.Builder
            .AddProject(name, Project, options => options.ExcludeLaunchProfile = true)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", Stack.EnvironmentName);
    }

    private static void Connect(
        IResourceBuilder<ProjectResource> process, Store store, IEnumerable<string> roles)
    {
        foreach (var role in roles)
            process.WithEnvironment(
                $"ConnectionStrings__{Resources.Connection(store.Service, role)}", store.Roles[role]);
    }

    private void RefuseUnbuilt()
    {
        var program = Built.Program(Path.Combine("services", Folder), Folder);
        if (!File.Exists(program))
            throw new PreparationFailed(
                $"{Folder} is not built ({program} is missing): run `dotnet build Billing.sln`.");
    }
}

internal static class Services
{
    public static Service AddService(this Stack stack, string folder) => new(stack, folder);

    /// <summary>Lets a process find the HTTP endpoints of others.</summary>
    public static IResourceBuilder<ProjectResource> Asking(
        this IResourceBuilder<ProjectResource> process, params IResourceBuilder<ProjectResource>[] others)
    {
        foreach (var other in others) process.WithReference(other);
        return process;
    }
}

/// <summary>
/// Where a build of this checkout, with the AppHost's own configuration, leaves its programs.
/// </summary>
internal static class Built
{
    private static readonly string configuration =
        typeof(Built).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    public static string Program(string folder, string name) =>
        Path.Combine(Checkout.Root, folder, "bin", configuration, "net10.0", $"{name}.dll");
}
