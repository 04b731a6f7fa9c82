using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>What a snapshot holds beyond its own fields.</summary>
internal static class ResourceProperties
{
    /// <summary>Why the resource is not running.</summary>
    public const string Reason = "reason";

    public const string ProcessId = "executable.pid";

    public static string Kind(IResource resource) => resource switch
    {
        ProjectResource => "Project",
        ContainerResource => "Container",
        ExecutableResource => "Executable",
        ConnectionStringResource or ConnectionStringParameterResource => "ConnectionString",
        ParameterResource => "Parameter",
        _ => resource.GetType().Name is var name && name.EndsWith("Resource", StringComparison.Ordinal)
            ? name[..^"Resource".Length] : resource.GetType().Name,
    };

    public static bool IsProcess(IResource resource) =>
        resource is ProjectResource or ExecutableResource or ContainerResource;

    public static CustomResourceSnapshot With(this CustomResourceSnapshot snapshot, string name, object? value) =>
        snapshot with
        {
            Properties = value is null
                ? snapshot.Properties.RemoveAll(each => each.Name == name)
                : snapshot.Properties.RemoveAll(each => each.Name == name)
                    .Add(new ResourcePropertySnapshot(name, value)),
        };
}
