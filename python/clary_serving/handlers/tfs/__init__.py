"""SavedModels by the REST contract of TensorFlow Serving, and SageMaker's container around it. TensorFlow is the model's."""
