// Swagger UI over this server's own description; nothing is loaded from elsewhere.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
});
